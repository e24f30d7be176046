/**
 * Does what the node's NodeImage says: pulls images before anything runs them, so many at a time, and reports how each
 * fares. An order that the status says has ended is left alone, so that a restart of the agent pulls nothing twice; one that
 * was under way begins anew. The report is always of the newest state; while the API is out of reach it waits.
 *
 * The kind is there only where OpenKruise is installed. The Node says whether it is: without the annotation nothing is asked
 * of the API, and after an answer that the kind is unknown nothing is until the annotation changes.
 */
import { isApiError, nodeImageAnnotation } from '@skerry/api';
import type {
  Node,
  NodeImage,
  NodeImageSpec,
  NodeImageStatus,
  NodeImageTag,
  NodeImageTagStatus,
  Secret,
} from '@skerry/api';
import { Backoff, describeError, sleep, type Clock, type Logger } from '@skerry/base';
import { Informer, resources, type ApiClient, type EventRecorder, type ResourceClient } from '@skerry/client';
import { carryOutOrder, failureText } from '#images/image-order.ts';
import type { ImagePuller } from '#images/puller.ts';
import { unlessAborted } from '#pods/abort.ts';
import { time } from '#pods/status.ts';
import { equalButForNulls } from '#pods/status-patch.ts';
import type { ContainerRuntime } from '#runtime.ts';
import { watchLifeMs } from '#watch-life.ts';

export interface NodeImageKeeperOptions {
  readonly client: ApiClient;
  readonly runtime: Pick<ContainerRuntime, 'imageStatus'>;
  readonly puller: Pick<ImagePuller, 'pull'>;
  readonly recorder: EventRecorder;
  readonly nodeName: string;
  /** The node's own Node, as far as it is known. */
  readonly node: () => Node | undefined;
  /** Calls back whenever the Node has changed. */
  readonly onNodeChange: (changed: () => void) => void;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
}

/** Images that are pulled at the same time. */
const pullsMax = 3;
/** Changes within it are reported together. */
const gatherMs = 200;

interface Work {
  readonly version: number;
  readonly stop: AbortController;
  status: NodeImageTagStatus;
}

export class NodeImageKeeper {
  readonly #options: NodeImageKeeperOptions;
  readonly #nodeImages: ResourceClient<NodeImage>;
  /** By image and tag. */
  readonly #work = new Map<string, Work>();
  readonly #running = new Set<Promise<void>>();
  readonly #turns: (() => void)[] = [];
  #pulls = 0;
  #newest: NodeImage | undefined;
  #wake = Promise.withResolvers<void>();
  #reporting: Promise<void> | undefined;
  /** Since what is being reported was read. */
  #changed = false;

  constructor(options: NodeImageKeeperOptions) {
    this.#options = options;
    this.#nodeImages = options.client.resource<NodeImage>(resources.nodeImages);
    options.onNodeChange(() => this.#wake.resolve());
  }

  async run(signal: AbortSignal): Promise<void> {
    let last: string | undefined;
    while (!signal.aborted) {
      const uid = this.#named();
      if (uid !== undefined && uid !== last) {
        await this.#watch(uid, signal);
        last = uid;
      }
      if (this.#named() === last || this.#named() === undefined) await this.#nodeChange(signal);
    }
  }

  /** Uid of the NodeImage that the Node names. */
  #named(): string | undefined {
    return this.#options.node()?.metadata.annotations?.[nodeImageAnnotation];
  }

  /** Resolves at the next change of the Node, or with the signal. */
  async #nodeChange(signal: AbortSignal): Promise<void> {
    this.#wake = Promise.withResolvers();
    await unlessAborted(this.#wake.promise, signal).catch(() => undefined);
  }

  /** Until the kind is gone, or the Node names another NodeImage. */
  async #watch(uid: string, signal: AbortSignal): Promise<void> {
    const { nodeName, clock, log, random } = this.#options;
    const gone = new AbortController();
    const noting = (error: unknown): never => {
      if (isApiError(error, 'NotFound')) gone.abort(new Error('NodeImages are not known any more'));
      throw error;
    };
    const source = this.#nodeImages;
    const informer = new Informer<NodeImage>({
      watchLifeMs,
      source: {
        list: (options) => source.list(options).catch(noting),
        async *watch(options) {
          try {
            yield* source.watch(options);
          } catch (error) {
            noting(error);
          }
        },
      },
      name: 'nodeimages',
      scope: { fieldSelector: `metadata.name=${nodeName}` },
      clock,
      log,
      random,
    });
    const whole = AbortSignal.any([signal, gone.signal]);
    const follow = (image: NodeImage) => this.#follow(image, whole);
    informer.addHandler({ onAdd: follow, onUpdate: follow, onDelete: () => this.#drop() });
    const watching = informer.run(whole);
    while (!whole.aborted && this.#named() === uid) await this.#nodeChange(whole);
    gone.abort(new Error('the Node names another NodeImage'));
    await watching;
    this.#drop();
    await Promise.all([...this.#running, this.#reporting]);
  }

  #drop(): void {
    this.#newest = undefined;
    for (const { stop } of this.#work.values()) stop.abort(new Error('the order is gone'));
    this.#work.clear();
  }

  #follow(image: NodeImage, signal: AbortSignal): void {
    if (this.#isOlder(image)) return;
    this.#newest = image;
    const wanted = new Set<string>();
    for (const [name, spec] of Object.entries(image.spec?.images ?? {})) {
      for (const order of spec.tags) {
        const key = keyOf(name, order.tag);
        const version = order.version ?? 0;
        const known = this.#work.get(key);
        if (known?.version === version) {
          wanted.add(key);
          continue;
        }
        if (reported(image, name, order)?.completionTime) continue;
        wanted.add(key);
        known?.stop.abort(new Error('ordered anew'));
        this.#begin(key, { name, spec, order }, signal);
      }
    }
    for (const [key, { stop }] of this.#work) {
      if (wanted.has(key)) continue;
      stop.abort(new Error('the order is gone'));
      this.#work.delete(key);
    }
    this.#report(signal);
  }

  #isOlder(image: NodeImage): boolean {
    const newest = this.#newest?.metadata;
    if (newest?.uid !== image.metadata.uid) return false;
    return Number(newest?.resourceVersion) > Number(image.metadata.resourceVersion);
  }

  #begin(
    key: string,
    ordered: { readonly name: string; readonly spec: NodeImageSpec; readonly order: NodeImageTag },
    signal: AbortSignal,
  ): void {
    const { tag, version = 0 } = ordered.order;
    const work: Work = { version, stop: new AbortController(), status: { tag, version, phase: 'Waiting' } };
    this.#work.set(key, work);
    const run = this.#pull(work, ordered, AbortSignal.any([signal, work.stop.signal]))
      .catch((error: unknown) => {
        if (!signal.aborted) this.#options.log.warn('image not pulled', { error: describeError(error) });
      })
      .finally(() => this.#running.delete(run));
    this.#running.add(run);
  }

  async #pull(
    work: Work,
    { name, spec, order }: { name: string; spec: NodeImageSpec; order: NodeImageTag },
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, runtime, puller } = this.#options;
    await this.#turn();
    try {
      if (signal.aborted) return;
      const startedMs = clock.monotonic();
      const reference = keyOf(name, order.tag);
      const begun = { ...work.status, startTime: time(clock.now()) };
      this.#set(work, { ...begun, phase: 'Pulling' }, signal);
      try {
        const image = await carryOutOrder(
          {
            reference,
            order,
            clock,
            present: (wanted) => runtime.imageStatus(wanted),
            pull: (wanted, options) => puller.pull(wanted, { ...options, sandbox: spec.sandboxConfig }),
            secrets: () => this.#secrets(spec),
          },
          signal,
        );
        const ended = {
          ...begun,
          phase: 'Succeeded',
          progress: 100,
          imageID: `${name}@${image.id}`,
        } as const;
        this.#set(work, { ...ended, completionTime: time(clock.now()) }, signal);
        const took = `${Math.round(clock.monotonic() - startedMs)}ms`;
        this.#record('Normal', 'PullImageSucceed', `Image ${reference}, elapsed time ${took}`);
      } catch (error) {
        if (signal.aborted) return;
        const message = failureText(error);
        this.#set(work, { ...begun, phase: 'Failed', completionTime: time(clock.now()), message }, signal);
        this.#record('Warning', 'PullImageFailed', `Image ${reference} ${message}`, order.ownerReferences);
      }
    } finally {
      this.#pulls--;
      this.#turns.shift()?.();
    }
  }

  /** Waits for a place among those that pull. */
  async #turn(): Promise<void> {
    while (this.#pulls >= pullsMax) await new Promise<void>((resolve) => this.#turns.push(resolve));
    this.#pulls++;
  }

  async #secrets({ pullSecrets = [] }: NodeImageSpec): Promise<Secret[]> {
    const secrets = this.#options.client.resource<Secret>(resources.secrets);
    const found = await Promise.all(
      pullSecrets.map(({ namespace, name = '' }) =>
        secrets.get(name, { namespace }).catch((error: unknown) => {
          // Without it the registry may refuse, and then says so.
          if (isApiError(error, 'NotFound') || isApiError(error, 'Forbidden')) return undefined;
          throw error;
        }),
      ),
    );
    return found.filter((secret) => secret !== undefined);
  }

  #record(
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
    owners: NodeImageTag['ownerReferences'] = [],
  ): void {
    const { recorder } = this.#options;
    const event = { type, reason, message };
    if (this.#newest) recorder.record({ ...this.#newest, ...nodeImageKind }, event);
    for (const { apiVersion, kind, ...metadata } of owners)
      recorder.record({ apiVersion, kind, metadata }, event);
  }

  #set(work: Work, status: NodeImageTagStatus, signal: AbortSignal): void {
    work.status = status;
    this.#report(signal);
  }

  #report(signal: AbortSignal): void {
    this.#changed = true;
    this.#reporting ??= this.#send(signal).finally(() => {
      this.#reporting = undefined;
      if (this.#changed && !signal.aborted) this.#report(signal);
    });
  }

  /** Until the API has the newest state. */
  async #send(signal: AbortSignal): Promise<void> {
    const { clock, log, random } = this.#options;
    const backoff = new Backoff({ baseMs: 500, maxMs: 30_000, jitter: 0.3, random });
    let delayMs = gatherMs;
    for (;;) {
      await sleep(clock, delayMs, signal).catch(() => undefined);
      const image = this.#newest;
      this.#changed = false;
      if (!image || signal.aborted) return;
      const status = this.#statusFor(image);
      if (equalButForNulls(status, image.status)) return;
      try {
        const answer = await this.#nodeImages.update({ ...image, status }, { subresource: 'status' });
        if (!this.#isOlder(answer)) this.#newest = answer;
        delayMs = gatherMs;
      } catch (error) {
        if (isApiError(error, 'NotFound')) return;
        // Somebody wrote it meanwhile; what is newest is about to be seen.
        if (!isApiError(error, 'Conflict')) log.warn('images not reported', { error: describeError(error) });
        delayMs = backoff.next();
      }
    }
  }

  #statusFor(image: NodeImage): NodeImageStatus {
    const { clock } = this.#options;
    const counts = { desired: 0, succeeded: 0, failed: 0, pulling: 0, waiting: 0 };
    const imageStatuses: NonNullable<NodeImageStatus['imageStatuses']> = {};
    const failures: string[] = [];
    for (const [name, { tags }] of Object.entries(image.spec?.images ?? {})) {
      const statuses: NodeImageTagStatus[] = [];
      for (const order of tags) {
        counts.desired++;
        const ours = this.#work.get(keyOf(name, order.tag));
        const status = ours?.version === (order.version ?? 0) ? ours.status : reported(image, name, order);
        if (!status) continue;
        statuses.push(status);
        counts[countOf[status.phase]]++;
        if (status.phase === 'Failed') failures.push(`${keyOf(name, order.tag)}: ${status.message ?? ''}`);
      }
      if (statuses.length > 0) imageStatuses[name] = { tags: statuses };
    }
    const isDone = counts.desired > 0 && counts.succeeded + counts.failed === counts.desired;
    const first = image.status?.firstSyncStatus;
    const done = {
      syncAt: time(clock.now()),
      status: failures.length > 0 ? 'Failed' : 'Succeeded',
      ...(failures.length > 0 ? { message: failures.join('; ').slice(0, 1_000) } : {}),
    };
    const firstSyncStatus = first ?? (isDone ? done : undefined);
    return { ...counts, imageStatuses, ...(firstSyncStatus ? { firstSyncStatus } : {}) };
  }
}

const nodeImageKind = { apiVersion: 'apps.kruise.io/v1beta1', kind: 'NodeImage' };

const countOf = {
  Waiting: 'waiting',
  Pulling: 'pulling',
  Succeeded: 'succeeded',
  Failed: 'failed',
} as const satisfies Record<NodeImageTagStatus['phase'], string>;

/** What the API has of an order. */
function reported(
  { status }: NodeImage,
  name: string,
  { tag, version = 0 }: NodeImageTag,
): NodeImageTagStatus | undefined {
  const tags = status?.imageStatuses?.[name]?.tags ?? [];
  return tags.find((one) => one.tag === tag && (one.version ?? 0) === version);
}

/** The image's full name; a tag that is a digest is joined as one. */
function keyOf(name: string, tag: string): string {
  return tag.includes(':') ? `${name}@${tag}` : `${name}:${tag}`;
}
