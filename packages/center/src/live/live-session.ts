/**
 * The WebSocket of a tab: views that it shows, each told as a page and then as changes, within one budget of bytes.
 *
 * Messages that are small and matter (how fresh, how many changes wait, why a view ended) always go out; pages and changes only
 * while the budget and the connection take them. Rights are asked again every minute and whenever a role or binding changes.
 */
import type { Clock, Timer } from '@skerry/base';
import type { LiveMessage, LiveRequest, ViewQuery } from '#contract/index.ts';
import type { Caller } from '#http/caller.ts';
import { ByteBudget } from '#live/byte-budget.ts';
import { LiveView, type ShownView } from '#live/live-view.ts';
import type { Pacer } from '#live/pacer.ts';
import { parseLiveRequest } from '#live/live-request.ts';
import type { ViewPlace } from '#views/view-service.ts';

/** What is used of a WebSocket. */
export interface LiveSocket {
  readonly bufferedAmount: number;
  send(text: string): void;
  close(code: number, reason: string): void;
}

/** Where a view is of: what concerns all views of one cluster. */
export interface FollowedCluster {
  readonly cluster: string;
  readonly rbac: { onChange(listener: () => void): () => void };
  readonly pulse: { onChange(listener: () => void): () => void };
  /** What was copied of it is no more: it is gone, or reached another way. */
  onClose(listener: () => void): () => void;
}

export interface LiveSessionOptions {
  readonly socket: LiveSocket;
  readonly caller: Caller;
  readonly views: {
    open(caller: Caller, where: ViewPlace): Promise<ShownView & { readonly cluster: FollowedCluster }>;
  };
  readonly statusOf: (error: unknown) => object;
  /** One for all tabs. */
  readonly pacer: Pacer;
  readonly clock: Clock;
}

const bytesPerSecond = 256 * 1024;
const bufferedMax = 256 * 1024;
const pauseMs = { visible: 250, hidden: 10_000 };
const viewsMax = 16;
const requestsPerSecondMax = 50;
const checkEveryMs = 1_000;
const rightsEveryMs = 60_000;

export class LiveSession {
  readonly #options: LiveSessionOptions;
  readonly #budget: ByteBudget;
  readonly #views = new Map<string, LiveView>();
  readonly #followed = new Map<string, () => void>();
  #visible = true;
  #closed = false;
  #requests = { secondMs: 0, count: 0 };
  #timer: Timer;
  #rightsMs: number;

  constructor(options: LiveSessionOptions) {
    this.#options = options;
    this.#budget = new ByteBudget(options.clock, bytesPerSecond);
    this.#rightsMs = options.clock.monotonic();
    this.#timer = options.clock.after(checkEveryMs, () => this.#check());
  }

  /** A message of the tab. One that is none closes the connection. */
  receive(text: string): void {
    if (this.#closed) return;
    if (this.#isTooFast()) {
      this.#options.socket.close(1008, 'too many requests');
      return;
    }
    const request = parseLiveRequest(text);
    if (request) this.#handle(request);
    else this.#options.socket.close(1007, 'not a request');
  }

  close(): void {
    this.#closed = true;
    this.#timer.cancel();
    for (const view of this.#views.values()) view.close();
    for (const unfollow of this.#followed.values()) unfollow();
    this.#views.clear();
    this.#followed.clear();
  }

  #handle(request: LiveRequest): void {
    switch (request.type) {
      case 'show':
        this.#show(request);
        return;
      case 'hide':
        this.#views.get(request.id)?.close();
        this.#views.delete(request.id);
        return;
      case 'visibility':
        this.#visible = request.visible;
        for (const view of this.#views.values()) view.reschedule();
    }
  }

  #show({ id, cluster, resource, query }: LiveRequest & { type: 'show' }): void {
    this.#views.get(id)?.close();
    this.#views.delete(id);
    if (this.#views.size >= viewsMax) {
      const status = { kind: 'Status', status: 'Failure', code: 429, message: `at most ${viewsMax} views` };
      this.#send({ type: 'error', id, status });
      return;
    }
    const { views, caller, statusOf, pacer, clock } = this.#options;
    const view = new LiveView({
      id,
      cluster,
      query: query satisfies ViewQuery,
      open: async () => {
        const open = await views.open(caller, { cluster, resource, namespaces: query.namespace });
        this.#follow(open);
        return open;
      },
      send: (message) => this.#views.get(id) === view && this.#send(message),
      pauseMs: () => (this.#visible ? pauseMs.visible : pauseMs.hidden),
      statusOf,
      pacer,
      clock,
    });
    this.#views.set(id, view);
    void view.start();
  }

  /** Rights and health of a cluster are told to all its views. */
  #follow({ cluster }: { readonly cluster: FollowedCluster }): void {
    if (this.#closed || this.#followed.has(cluster.cluster)) return;
    const ends = [
      cluster.rbac.onChange(() => this.#refreshAll()),
      cluster.pulse.onChange(() => this.#checkFreshness()),
      cluster.onClose(() => this.#reopen(cluster.cluster)),
    ];
    this.#followed.set(cluster.cluster, () => ends.forEach((end) => end()));
  }

  #reopen(cluster: string): void {
    this.#followed.get(cluster)?.();
    this.#followed.delete(cluster);
    for (const view of this.#views.values()) if (view.cluster === cluster) void view.start();
  }

  #send(message: LiveMessage): boolean {
    if (this.#closed) return false;
    const text = JSON.stringify(message);
    const { socket } = this.#options;
    if (message.type === 'page' || message.type === 'change') {
      if (socket.bufferedAmount > bufferedMax || !this.#budget.take(Buffer.byteLength(text))) return false;
    }
    socket.send(text);
    return true;
  }

  #check(): void {
    if (this.#closed) return;
    const { clock } = this.#options;
    this.#timer = clock.after(checkEveryMs, () => this.#check());
    this.#checkFreshness();
    if (clock.monotonic() - this.#rightsMs < rightsEveryMs) return;
    this.#rightsMs = clock.monotonic();
    this.#refreshAll();
  }

  #checkFreshness(): void {
    for (const view of this.#views.values()) void view.checkFreshness();
  }

  #refreshAll(): void {
    for (const view of this.#views.values()) view.refresh();
  }

  #isTooFast(): boolean {
    const secondMs = Math.floor(this.#options.clock.monotonic() / 1000);
    if (this.#requests.secondMs !== secondMs) this.#requests = { secondMs, count: 0 };
    return ++this.#requests.count > requestsPerSecondMax;
  }
}
