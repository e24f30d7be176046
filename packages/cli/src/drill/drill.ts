/**
 * `skerry drill`: cuts the links of a region on purpose, watches what its machines and the center make of it, and mends them.
 *
 * The links are cut at their own layer, by agreement with each node. What keeps them cut is this process: it says so again
 * every few seconds, and its end, that of the center, or that of a node's connection mends them. A node counts the time of the
 * drill for itself, so that it is back even if nobody tells it.
 */
import type { EndpointSlice, Node, Pod, Service } from '@skerry/api';
import { type Clock, describeError, sleep, SkerryError } from '@skerry/base';
import { type ApiClient, resources } from '@skerry/client';
import { drillPatienceMs } from '@skerry/link';
import { adminClient } from '#compose/admin-client.ts';
import { openInstallation } from '#compose/installation.ts';
import type { DataDirectory } from '#data-directory.ts';
import { refusalsOf } from '#drill/drill-refusals.ts';
import {
  differenceOf,
  isUnchanged,
  type PodDifference,
  type PodRecord,
  recordOf,
} from '#drill/pod-record.ts';
import { type ProbeReport, targetsOf } from '#drill/probe-plan.ts';
import { listNodeLinks, nodeLinks, regionLabel, simulatedLabel } from '#link/node-links.ts';
import { counted } from '#terminal/counted.ts';

export interface DrillOptions {
  readonly region: string;
  readonly seconds: number;
  readonly clock: Clock;
  /** Resolves to whether a person wants it; told what it is about. */
  readonly confirm: (question: string) => Promise<boolean>;
  /** Told of each step. */
  readonly say: (text: string) => void;
}

export interface DrillReport {
  readonly region: string;
  readonly seconds: number;
  readonly nodes: readonly {
    readonly name: string;
    /** From the mending to Ready; absent where it was not within two minutes. */
    readonly readyAfterSeconds?: number;
    readonly probes: ProbeReport['targets'];
    /** Why nothing was asked there. */
    readonly noProbes?: string;
  }[];
  readonly pods: PodDifference;
  readonly held: boolean;
}

const holdMs = drillPatienceMs / 4;
const readyMs = 120_000;
const settleMsMin = 5_000;
const settleMsMax = 60_000;
const lookMs = 500;
const atOnceMax = 32;

export async function runDrill(
  data: DataDirectory,
  options: DrillOptions,
  signal: AbortSignal,
): Promise<DrillReport> {
  const installation = await openInstallation(data, options.clock);
  const client = await adminClient(installation, options.clock);
  try {
    return await new Drill(client, installation.config.clusterDomain, options).run(signal);
  } finally {
    client.close();
  }
}

class Drill {
  readonly #client: ApiClient;
  readonly #clusterDomain: string;
  readonly #options: DrillOptions;
  #names: string[] = [];
  /** Pods that were seen to end while the links were cut, by uid. */
  readonly #ending = new Set<string>();

  constructor(client: ApiClient, clusterDomain: string, options: DrillOptions) {
    this.#client = client;
    this.#clusterDomain = clusterDomain;
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<DrillReport> {
    const { region, seconds, clock, confirm, say } = this.#options;
    const nodes = await this.#nodesOfRegion();
    this.#names = nodes.map(({ metadata }) => metadata.name ?? '');
    const links = await listNodeLinks(this.#client);
    const pods = await this.#pods();
    const refusals = refusalsOf(nodes, { pods, links, seconds });
    if (refusals.length > 0)
      throw new SkerryError('drill-refused', `no drill in region ${region}: ${refusals.join('; ')}`);
    const question = `Cut the links of ${counted(nodes.length, 'machine')} of region ${region} for ${seconds} s?`;
    if (!(await confirm(question)))
      throw new SkerryError('drill-refused', 'not confirmed; nothing was changed');
    const before = pods.map((pod) => recordOf(pod));
    const noProbes = await this.#beginProbes(nodes);
    const cutMs = clock.monotonic();
    let mendedMs = cutMs;
    try {
      await this.#cut(seconds);
      say(`links of ${counted(nodes.length, 'machine')} cut; Ctrl-C mends them at once`);
      await this.#hold(cutMs, signal);
    } finally {
      await this.#mend();
      mendedMs = clock.monotonic();
    }
    say('links mended');
    const readyAfter = await this.#untilReady(mendedMs);
    const difference = await this.#untilSettled(before);
    return this.#report({
      before,
      difference,
      readyAfter,
      noProbes,
      cutSeconds: Math.round((mendedMs - cutMs) / 1000),
    });
  }

  async #nodesOfRegion(): Promise<Node[]> {
    const { region } = this.#options;
    const { items } = await this.#client
      .resource<Node>(resources.nodes)
      .list({ labelSelector: `${regionLabel}=${region}` });
    if (items.length === 0)
      throw new SkerryError(
        'region-unknown',
        `no node has the label ${regionLabel}=${region}; see kubectl get nodes -L ${regionLabel}`,
      );
    return items;
  }

  async #pods(): Promise<Pod[]> {
    const names = new Set(this.#names);
    const { items } = await this.#client.resource<Pod>(resources.pods).list();
    return items.filter(({ spec }) => names.has(spec?.nodeName ?? ''));
  }

  /** Returns, by node, why it asks nothing. */
  async #beginProbes(nodes: readonly Node[]): Promise<Map<string, string>> {
    const [services, slices, all] = await Promise.all([
      this.#client.resource<Service>(resources.services).list(),
      this.#client.resource<EndpointSlice>(resources.endpointSlices).list(),
      this.#client.resource<Node>(resources.nodes).list(),
    ]);
    const world = {
      services: services.items,
      slices: slices.items,
      nodes: new Map(all.items.map((node) => [node.metadata.name ?? '', node])),
      clusterDomain: this.#clusterDomain,
    };
    const refused = new Map<string, string>();
    await inTurns(nodes, async (node) => {
      const name = node.metadata.name ?? '';
      if (node.metadata.labels?.[simulatedLabel] === 'true') {
        refused.set(name, 'it is simulated');
        return;
      }
      const targets = targetsOf(node, world);
      const body = { seconds: this.#options.seconds + 60, targets };
      await this.#client.request('PUT', probesOf(name), { body }).catch((error: unknown) => {
        refused.set(name, describeError(error));
      });
    });
    return refused;
  }

  async #cut(seconds: number): Promise<void> {
    await inTurns(this.#names, (name) => this.#ask(name, seconds));
  }

  #ask(node: string, seconds: number): Promise<unknown> {
    return this.#client.resource(nodeLinks).createSubresource(node, 'drill', {
      kind: 'LinkDrill',
      apiVersion: 'link.skerry.io/v1alpha1',
      spec: { seconds },
    });
  }

  /** Until the time is over or a person wants no more of it. */
  async #hold(sinceMs: number, signal: AbortSignal): Promise<void> {
    const { seconds, clock, say } = this.#options;
    let disconnected = 0;
    for (;;) {
      const leftMs = sinceMs + seconds * 1000 - clock.monotonic();
      if (leftMs <= 0 || signal.aborted) return;
      await sleep(clock, Math.min(holdMs, leftMs), signal).catch(() => undefined);
      if (signal.aborted) return;
      const left = Math.ceil((sinceMs + seconds * 1000 - clock.monotonic()) / 1000);
      if (left <= 0) return;
      // A machine that was started anew meanwhile is cut again. A center that does not answer ends the drill by itself.
      await inTurns(this.#names, (name) => this.#ask(name, left).catch(() => undefined));
      const [now, pods] = await Promise.all([this.#nodesOfRegion(), this.#pods()]).catch(() => [[], []]);
      for (const pod of pods) {
        const record = recordOf(pod);
        if (record.isEnding) this.#ending.add(record.uid);
      }
      const seen = now.filter((node) => conditionOf(node, 'Disconnected') === 'True').length;
      if (seen !== disconnected) say(`the center sees ${seen} of ${this.#names.length} as Disconnected`);
      disconnected = seen;
    }
  }

  async #mend(): Promise<void> {
    const left: string[] = [];
    await inTurns(this.#names, (name) => this.#ask(name, 0).catch(() => left.push(name)));
    if (left.length > 0)
      this.#options.say(
        `the center did not answer for ${left.join(', ')}: links there mend themselves within ${drillPatienceMs / 1000} s`,
      );
  }

  /** By node: seconds from the mending. */
  async #untilReady(mendedMs: number): Promise<Map<string, number>> {
    const { clock, say } = this.#options;
    const ready = new Map<string, number>();
    while (ready.size < this.#names.length && clock.monotonic() - mendedMs < readyMs) {
      const [nodes, links] = await Promise.all([this.#nodesOfRegion(), listNodeLinks(this.#client)]).catch(
        () => [[], []],
      );
      const linked = new Set(
        links.filter(({ status }) => status.state === 'Linked').map(({ metadata }) => metadata?.name),
      );
      for (const node of nodes) {
        const name = node.metadata.name ?? '';
        if (ready.has(name) || !linked.has(name) || conditionOf(node, 'Ready') !== 'True') continue;
        ready.set(name, (clock.monotonic() - mendedMs) / 1000);
      }
      if (ready.size < this.#names.length) await sleep(clock, lookMs);
    }
    say(`${ready.size} of ${counted(this.#names.length, 'machine')} Ready`);
    return ready;
  }

  /** Statuses of pods come after their machine: some seconds for what says more, a minute for what may still mend itself. */
  async #untilSettled(before: readonly PodRecord[]): Promise<PodDifference> {
    const { clock } = this.#options;
    const sinceMs = clock.monotonic();
    for (;;) {
      const after = (await this.#pods()).map((pod) => recordOf(pod));
      const difference = differenceOf(before, after, this.#ending);
      const sinceReadyMs = clock.monotonic() - sinceMs;
      if (sinceReadyMs > settleMsMax) return difference;
      if (sinceReadyMs > settleMsMin && difference.notReady.length === 0) return difference;
      await sleep(clock, lookMs);
    }
  }

  async #report(found: {
    readonly before: readonly PodRecord[];
    readonly difference: PodDifference;
    readonly readyAfter: ReadonlyMap<string, number>;
    readonly noProbes: ReadonlyMap<string, string>;
    readonly cutSeconds: number;
  }): Promise<DrillReport> {
    const { difference, readyAfter, noProbes, cutSeconds } = found;
    const nodes: DrillReport['nodes'][number][] = [];
    await inTurns(this.#names, async (name) => {
      let why = noProbes.get(name);
      let probes: ProbeReport['targets'] = [];
      try {
        if (why === undefined)
          probes = (await this.#client.request<ProbeReport>('GET', probesOf(name))).targets;
      } catch (error) {
        why = describeError(error);
      }
      const after = readyAfter.get(name);
      nodes.push({
        name,
        ...(after === undefined ? {} : { readyAfterSeconds: Math.round(after * 10) / 10 }),
        probes,
        ...(why === undefined ? {} : { noProbes: why }),
      });
    });
    nodes.sort((a, b) => (a.name < b.name ? -1 : 1));
    const isSound = (probes: ProbeReport['targets']) =>
      probes.every(({ name, connection }) => name.failed === 0 && connection.failed === 0);
    return {
      region: this.#options.region,
      seconds: cutSeconds,
      nodes,
      pods: difference,
      held:
        isUnchanged(difference) &&
        nodes.every(({ readyAfterSeconds, probes }) => readyAfterSeconds !== undefined && isSound(probes)),
    };
  }
}

function conditionOf({ status }: Node, wanted: string): string | undefined {
  return status?.conditions?.find(({ type }) => type === wanted)?.status;
}

function probesOf(node: string): string {
  return `/api/v1/nodes/${encodeURIComponent(node)}/proxy/drill`;
}

/** All of them, some at a time; the first failure is the caller's. */
async function inTurns<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < items.length) await work(items[next++]!);
  };
  await Promise.all(Array.from({ length: Math.min(atOnceMax, items.length) }, worker));
}
