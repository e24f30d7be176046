/**
 * The objects of a namespace as controllers left them, in words that are the same for two clusters: times, uids and revisions
 * left out, hashes and random endings named by the order in which they were first seen.
 */
import type { Event as CoreEvent, KubeObject, Pod } from '@skerry/api';
import { type ApiClient, type ResourceRef, resources } from '@skerry/client';

const looked: readonly ResourceRef[] = [
  resources.deployments,
  resources.replicaSets,
  resources.statefulSets,
  resources.daemonSets,
  resources.controllerRevisions,
  resources.cronJobs,
  resources.jobs,
  resources.podDisruptionBudgets,
  resources.horizontalPodAutoscalers,
  resources.resourceQuotas,
  resources.persistentVolumeClaims,
  resources.pods,
];

/** Of what a template or the player has no say in. */
const writtenByControllers = ['hostname', 'subdomain', 'affinity', 'tolerations'] as const;
/** By whom none of this is about. */
const otherSources = ['default-scheduler', 'kubelet'];

/** What servers put behind a `generateName`. */
const madeUp = /[bcdfghjklmnpqrstvwxz2456789]{5}$/;
const instant = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)/g;
const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

export class Snapshots {
  readonly #client: ApiClient;
  readonly #namespace: string;
  readonly #hashes = new Map<string, string>();

  constructor(client: ApiClient, namespace: string) {
    this.#client = client;
    this.#namespace = namespace;
  }

  async take(): Promise<unknown> {
    const namespace = this.#namespace;
    const lists = await Promise.all(
      looked.map(async (ref) => {
        const { items } = await this.#client.resource(ref).list({ namespace });
        return [ref, items] as const;
      }),
    );
    for (const [ref, items] of lists) this.#nameHashes(ref, items);
    const shown = lists.map(([ref, items]) => [
      ref.resource,
      counted(items.map((item) => this.#shown(ref, item))),
    ]);
    const { items: namespaces } = await this.#client.resource(resources.namespaces).list();
    const own = namespaces.find(({ metadata }) => metadata?.name === namespace);
    return {
      ...Object.fromEntries(shown.filter(([, found]) => (found as unknown[]).length > 0)),
      events: await this.#events(),
      ...(own?.metadata?.deletionTimestamp
        ? { namespace: this.#plain((own as { status?: unknown }).status) }
        : {}),
      ...(own ? {} : { namespace: 'gone' }),
    };
  }

  /** Sets of a Deployment, Jobs of a CronJob and revisions, by age. */
  #nameHashes(ref: ResourceRef, items: readonly KubeObject[]): void {
    const label = ref === resources.controllerRevisions ? undefined : 'pod-template-hash';
    const ageOf = (item: KubeObject) =>
      Number(
        (item as { revision?: number }).revision ??
          item.metadata?.annotations?.['deployment.kubernetes.io/revision'] ??
          0,
      );
    for (const item of items.toSorted((a, b) => ageOf(a) - ageOf(b))) {
      const name = item.metadata?.name ?? '';
      const hash = label ? item.metadata?.labels?.[label] : name.slice(name.lastIndexOf('-') + 1);
      if (ref !== resources.replicaSets && ref !== resources.controllerRevisions) continue;
      if (!hash || this.#hashes.has(hash)) continue;
      const family = `${ref.kind} ${item.metadata?.ownerReferences?.[0]?.name}`;
      const count = [...this.#hashes.values()].filter((each) => each.startsWith(`<${family} `)).length;
      this.#hashes.set(hash, `<${family} ${count + 1}>`);
    }
  }

  #shown(ref: ResourceRef, item: KubeObject): unknown {
    const {
      metadata = {},
      status,
      spec,
    } = item as KubeObject & { status?: unknown; spec?: Record<string, unknown> };
    const { name, generateName, labels, annotations, ownerReferences, finalizers, deletionTimestamp } =
      metadata;
    const isPod = ref === resources.pods;
    return this.#plain({
      name: name?.replace(madeUp, '') === generateName ? `${generateName}*` : name,
      ...(generateName ? { generateName } : {}),
      labels,
      annotations,
      owners: ownerReferences?.map((owner) => ({ ...owner, uid: null })),
      finalizers,
      ...(deletionTimestamp ? { leaving: true } : {}),
      ...(isPod ? { ...pick(spec, writtenByControllers), phase: (item as Pod).status?.phase } : {}),
      ...(isPod ? { conditions: notByPlayer(item as Pod), env: envOf(item as Pod) } : { status }),
      ...(ref === resources.replicaSets ? { replicas: spec?.['replicas'] } : {}),
      ...(ref === resources.controllerRevisions
        ? { revision: (item as { revision?: number }).revision }
        : {}),
      ...(ref === resources.jobs || ref === resources.cronJobs ? { suspend: spec?.['suspend'] } : {}),
    });
  }

  async #events(): Promise<unknown[]> {
    const { items } = await this.#client
      .resource<CoreEvent>(resources.events)
      .list({ namespace: this.#namespace });
    const texts = items
      .filter(
        ({ source, reportingComponent }) =>
          !otherSources.includes(source?.component || reportingComponent || ''),
      )
      .map(({ type, reason, message, involvedObject, source, reportingComponent }) =>
        JSON.stringify(
          this.#plain([
            type,
            reason,
            `${involvedObject.kind} ${involvedObject.name}`,
            message,
            source?.component || reportingComponent,
          ]),
        ),
      );
    return [...new Set(texts)].sort().map((text) => JSON.parse(text) as unknown);
  }

  #plain(value: unknown): unknown {
    let text = JSON.stringify(value ?? null)
      .replaceAll(instant, '<time>')
      .replaceAll(uuid, '<uid>')
      .replaceAll(/,"resourceVersion":"\d+"/g, '')
      // Which of several nodes is the next one is nobody's promise; how often something was tried, neither.
      .replaceAll(/"values":\["n\d"\]/g, '"values":["<node>"]')
      .replaceAll('(combined from similar events): ', '')
      .replaceAll(this.#namespace, '<namespace>')
      // What a CronJob's Jobs are called, by the minute.
      .replaceAll(/\b(\w+)-2\d{7}\b/g, '$1-<minute>');
    for (const [hash, name] of this.#hashes) text = text.replaceAll(hash, name);
    // Names that the server made up, where others speak of them.
    text = text.replaceAll(
      /(<(?:ReplicaSet|ControllerRevision) [\w ]+>|\b(?:job|rc|set|other|agent|tick-<minute>|\w+-\d))-[bcdfghjklmnpqrstvwxz2456789]{5}\b/g,
      '$1-*',
    );
    return sorted(JSON.parse(text));
  }
}

/** Equal ones once, with how many there are. */
function counted(items: readonly unknown[]): unknown[] {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(JSON.stringify(item), (counts.get(JSON.stringify(item)) ?? 0) + 1);
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([text, count]) => ({ ...(count > 1 ? { times: count } : {}), ...(JSON.parse(text) as object) }));
}

/** With keys in order, and without what is null. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, each]) => each !== null);
  return Object.fromEntries(
    entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, each]) => [key, sorted(each)]),
  );
}

function pick(object: Record<string, unknown> | undefined, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object ?? {}).filter(([key]) => keys.includes(key)));
}

function notByPlayer({ status }: Pod): unknown {
  const found = status?.conditions?.filter(({ type }) => type !== 'Ready' && type !== 'PodScheduled') ?? [];
  return found.length > 0 ? found : undefined;
}

function envOf({ spec }: Pod): unknown {
  return spec?.containers[0]?.env;
}
