/**
 * The objects of a namespace as controllers left them, in words that are the same for two clusters: times, uids and revisions
 * left out, hashes and random endings named by the order in which they were first seen.
 */
import type {
  CertificateSigningRequest,
  ConfigMap,
  Event as CoreEvent,
  KubeObject,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  Secret,
} from '@skerry/api';
import { type ApiClient, type ResourceRef, resources } from '@skerry/client';
import { schedulerName } from './sequence.ts';

export const clusterRoles: ResourceRef = {
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'ClusterRole',
  resource: 'clusterroles',
  namespaced: false,
};

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
const nodeConditions = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure', 'NetworkUnavailable'];

/** What is told of a kind beside what is told of all. */
const details = new Map<ResourceRef, (object: never) => object>([
  [
    resources.persistentVolumeClaims,
    ({ spec }: PersistentVolumeClaim) => ({
      volumeName: spec?.volumeName,
      storageClassName: spec?.storageClassName,
    }),
  ],
  [resources.persistentVolumes, ({ spec }: PersistentVolume) => ({ claimRef: spec?.claimRef })],
  [
    resources.nodes,
    ({ spec, status }: Node) => ({
      taints: (spec?.taints ?? []).toSorted((a, b) => (textOf(a) < textOf(b) ? -1 : 1)),
      status: { conditions: status?.conditions?.filter(({ type }) => nodeConditions.includes(type)) },
    }),
  ],
  [
    resources.pods,
    ({ spec, status }: Pod) =>
      spec?.schedulerName === schedulerName
        ? {
            nodeName: spec.nodeName,
            scheduled: status?.conditions?.find(({ type }) => type === 'PodScheduled'),
          }
        : {},
  ],
  [resources.secrets, ({ type, data }: Secret) => ({ type, keys: Object.keys(data ?? {}).sort() })],
  [resources.configMaps, ({ data }: ConfigMap) => ({ keys: Object.keys(data ?? {}).sort() })],
  [clusterRoles, ({ rules }: { rules?: unknown }) => ({ rules })],
  [
    resources.certificateSigningRequests,
    ({ status }: CertificateSigningRequest) => ({
      status: { conditions: status?.conditions, signed: status?.certificate !== undefined },
    }),
  ],
]);

function textOf({ key, effect }: { key: string; effect: string }): string {
  return `${key}:${effect}`;
}

/** Said of a claim when it is looked at again, every 15 seconds and for other reasons. */
const saidNowAndThen = 'WaitForPodScheduled';
/** By whom none of this is about. */
const otherSources = ['default-scheduler', 'kubelet'];

/** What servers put behind a `generateName`. */
const madeUp = /[bcdfghjklmnpqrstvwxz2456789]{5}$/;
const instant = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)/g;
const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

export class Snapshots {
  readonly #client: ApiClient;
  readonly #namespace: string;
  readonly #more: readonly ResourceRef[];
  readonly #hashes = new Map<string, string>();

  constructor(client: ApiClient, namespace: string, more: readonly ResourceRef[] = []) {
    this.#client = client;
    this.#namespace = namespace;
    this.#more = more;
  }

  async take(): Promise<unknown> {
    const namespace = this.#namespace;
    const lists = await Promise.all(
      [...looked, ...this.#more].map(async (ref) => {
        const { items } = await this.#client.resource(ref).list(ref.namespaced ? { namespace } : {});
        return [ref, ref.namespaced ? items : items.filter(this.#isOwn)] as const;
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
    const more = details.get(ref)?.(item as never);
    return this.#plain({
      name: name?.replace(madeUp, '') === generateName ? `${generateName}*` : name,
      ...(generateName ? { generateName } : {}),
      labels,
      annotations,
      owners: ownerReferences?.map((owner) => ({ ...owner, uid: null })),
      finalizers,
      ...(deletionTimestamp ? { leaving: true } : {}),
      ...(isPod ? { ...pick(spec, writtenByControllers), phase: (item as Pod).status?.phase } : {}),
      ...(isPod
        ? { conditions: notByPlayer(item as Pod, this.#looksAtNodes), env: envOf(item as Pod) }
        : { status }),
      ...(ref === resources.replicaSets ? { replicas: spec?.['replicas'] } : {}),
      ...(ref === resources.controllerRevisions
        ? { revision: (item as { revision?: number }).revision }
        : {}),
      ...(ref === resources.jobs || ref === resources.cronJobs ? { suspend: spec?.['suspend'] } : {}),
      ...more,
    });
  }

  async #events(): Promise<unknown[]> {
    const events = this.#client.resource<CoreEvent>(resources.events);
    const { items } = await events.list({ namespace: this.#namespace });
    const ofNoNamespace = this.#more.some(({ namespaced }) => !namespaced)
      ? (await events.list({ namespace: 'default' })).items.filter(({ involvedObject: { name } }) =>
          this.#isOwn({ metadata: { name } }),
        )
      : [];
    const texts = [...items, ...ofNoNamespace]
      .filter(
        ({ source, reportingComponent, reason }) =>
          reason !== saidNowAndThen && !otherSources.includes(source?.component || reportingComponent || ''),
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

  readonly #isOwn = ({ metadata }: KubeObject): boolean =>
    metadata?.name?.startsWith(`${this.#namespace}-`) ?? false;

  get #looksAtNodes(): boolean {
    return this.#more.includes(resources.nodes);
  }

  #plain(value: unknown): unknown {
    let text = JSON.stringify(value ?? null)
      .replaceAll(instant, '<time>')
      .replaceAll(uuid, '<uid>')
      .replaceAll(/,"resourceVersion":"\d+"/g, '')
      // Which of several nodes is the next one is nobody's promise; how often something was tried, neither.
      .replaceAll(/"values":\["n\d"\]/g, '"values":["<node>"]')
      // How many other nodes there are meanwhile.
      .replaceAll(/\b0\/\d+ nodes/g, '0/<count> nodes')
      .replaceAll(
        /\b\d+ (node\(s\) didn't satisfy plugin|Preemption is not helpful|No preemption victims)/g,
        '<count> $1',
      )
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

/** Where nodes are looked at, it is they who say what is ready. */
function notByPlayer({ status }: Pod, withReady: boolean): unknown {
  const found =
    status?.conditions?.filter(({ type }) => (withReady || type !== 'Ready') && type !== 'PodScheduled') ??
    [];
  return found.length > 0 ? found : undefined;
}

function envOf({ spec }: Pod): unknown {
  return spec?.containers[0]?.env;
}
