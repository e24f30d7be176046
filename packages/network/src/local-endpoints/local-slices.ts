/**
 * EndpointSlices for those who send traffic and answer names on a node. While there is a link they are the center's. While
 * there is none they are the center's last ones, brought up to date with what the machines of the pool say of their own pods:
 * after a reboot pods have other addresses, and nobody else could tell.
 *
 * On return the center hears late of what happened meanwhile, and its slices are wrong for a moment: pods that it took for
 * unready come back one by one. So what the machines say goes on to hold until both agree everywhere, for half a minute at
 * least and for five at most; then the center alone is right again.
 */
import type { EndpointSlice, Service as KubernetesService } from '@skerry/api';
import { describeError, sleep, type Clock, type Logger } from '@skerry/base';
import { keyOf, ObjectStore, type IndexFunction, type InformerHandler } from '@skerry/client';
import type { FollowedObjects } from '#followed-objects.ts';
import type { LocalKnowledge } from './local-knowledge.ts';
import { localSlice } from './local-slice.ts';

/** What readers of slices need, wherever they come from. */
export type SliceSource = Pick<
  FollowedObjects<EndpointSlice>,
  'addHandler' | 'addIndex' | 'byIndex' | 'get' | 'list' | 'isKnown' | 'known'
>;

export interface LocalSlicesOptions {
  /** The center's, as they are known here. */
  readonly slices: SliceSource;
  readonly services: Pick<FollowedObjects<KubernetesService>, 'get'>;
  readonly knowledge: LocalKnowledge;
  readonly clock: Clock;
  readonly log: Logger;
}

const returningMs = { min: 30_000, max: 300_000, every: 10_000 };
const nodeIndex = 'node';
const serviceNameLabel = 'kubernetes.io/service-name';

export class LocalSlices implements SliceSource {
  readonly #options: LocalSlicesOptions;
  readonly #objects = new ObjectStore<EndpointSlice>();
  readonly #handlers = new Set<InformerHandler<EndpointSlice>>();
  /** Whose word holds: the center's, or that of the machines, since when there is a link again if there is one. */
  #believed: 'center' | 'machines' = 'center';
  #linkedAtMs: number | undefined;

  constructor(options: LocalSlicesOptions) {
    this.#options = options;
    const { slices, knowledge } = options;
    slices.addIndex(nodeIndex, ({ endpoints }) => [
      ...new Set((endpoints ?? []).flatMap(({ nodeName }) => nodeName ?? [])),
    ]);
    if (knowledge.isCut()) this.#believed = 'machines';
    slices.addHandler({
      onAdd: (slice) => this.#renew(slice),
      onUpdate: (slice) => this.#renew(slice),
      onDelete: (slice) => this.#remove(slice),
    });
    knowledge.onChange((node) => (node === undefined ? this.#followLink() : this.#followNode(node)));
  }

  isKnown(): boolean {
    return this.#options.slices.isKnown();
  }

  known(signal: AbortSignal): Promise<void> {
    return this.#options.slices.known(signal);
  }

  addIndex(name: string, valuesOf: IndexFunction<EndpointSlice>): void {
    this.#objects.addIndex(name, valuesOf);
  }

  addHandler(handler: InformerHandler<EndpointSlice>): () => void {
    this.#handlers.add(handler);
    for (const slice of this.#objects.all()) this.#tell(() => handler.onAdd?.(slice));
    return () => void this.#handlers.delete(handler);
  }

  get(namespace: string | undefined, name: string): EndpointSlice | undefined {
    return this.#objects.get(namespace ? `${namespace}/${name}` : name);
  }

  list(namespace?: string): EndpointSlice[] {
    return namespace === undefined ? this.#objects.all() : this.#objects.byIndex('namespace', namespace);
  }

  byIndex(index: string, value: string): EndpointSlice[] {
    return this.#objects.byIndex(index, value);
  }

  /** Lets the center's word hold again, a while after each return. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      await sleep(clock, returningMs.every, signal).catch(() => undefined);
      if (this.#believed !== 'machines' || this.#linkedAtMs === undefined) continue;
      const sinceMs = clock.monotonic() - this.#linkedAtMs;
      if (sinceMs < returningMs.min || (sinceMs < returningMs.max && !this.#agree())) continue;
      this.#believed = 'center';
      this.#renewAll();
    }
  }

  #followLink(): void {
    const { knowledge, clock } = this.#options;
    if (!knowledge.isCut()) {
      this.#linkedAtMs ??= clock.monotonic();
      return;
    }
    this.#linkedAtMs = undefined;
    if (this.#believed === 'machines') return;
    this.#believed = 'machines';
    this.#renewAll();
  }

  #followNode(node: string): void {
    if (this.#believed === 'center') return;
    for (const slice of this.#options.slices.byIndex(nodeIndex, node)) this.#renew(slice);
  }

  #renewAll(): void {
    for (const slice of this.#options.slices.list()) this.#renew(slice);
  }

  #agree(): boolean {
    return this.#options.slices.list().every((slice) => this.#local(slice) === slice);
  }

  #local(slice: EndpointSlice): EndpointSlice {
    const { services, knowledge } = this.#options;
    const service = slice.metadata.labels?.[serviceNameLabel];
    return localSlice(slice, {
      publishNotReadyAddresses:
        (service ? services.get(slice.metadata.namespace, service) : undefined)?.spec
          ?.publishNotReadyAddresses === true,
      podOn: (node, uid) => knowledge.podOn(node, uid),
      isSilent: (node) => knowledge.isSilent(node),
    });
  }

  #renew(slice: EndpointSlice): void {
    const next = this.#believed === 'center' ? slice : this.#local(slice);
    const old = this.#objects.set(next);
    if (old === next) return;
    if (old && JSON.stringify(old) === JSON.stringify(next)) return;
    for (const handler of this.#handlers)
      this.#tell(() => (old ? handler.onUpdate?.(next, old) : handler.onAdd?.(next)));
  }

  #remove(slice: EndpointSlice): void {
    const old = this.#objects.delete(keyOf(slice));
    if (!old) return;
    for (const handler of this.#handlers) this.#tell(() => handler.onDelete?.(old));
  }

  #tell(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#options.log.error('handler failed', { resource: 'endpointslices', error: describeError(error) });
    }
  }
}
