/**
 * One view that a tab shows, kept true.
 *
 * Changes are not queued: each only says that what was sent is no longer so, and the next message is the difference between
 * what was sent and what is. So a tab that is slow, hidden or over its budget costs one page of memory, however much changes.
 * A view that takes long to compute is computed less often: at most a fifth of the time goes into it.
 */
import { isApiError } from '@skerry/api';
import type { Clock, Timer } from '@skerry/base';
import type { Freshness, LiveMessage, Page, ViewQuery } from '#contract/index.ts';
import type { Pacer } from '#live/pacer.ts';
import { pageChange } from '#live/page-change.ts';
import type { OpenView } from '#views/view-service.ts';

/** What is used of a view. */
export type ShownView = Pick<OpenView, 'ready' | 'page' | 'onChange' | 'freshness'>;

export interface LiveViewOptions {
  readonly id: string;
  readonly cluster: string;
  readonly query: ViewQuery;
  readonly open: () => Promise<ShownView>;
  /** Sends where the tab can take it; false: not now. */
  readonly send: (message: LiveMessage) => boolean;
  /** Between two messages, by whether the tab is looked at. */
  readonly pauseMs: () => number;
  readonly statusOf: (error: unknown) => object;
  readonly pacer: Pacer;
  readonly clock: Clock;
}

const busyShare = 4;
const retryMs = 1_000;

export class LiveView {
  readonly #options: LiveViewOptions;
  #view: ShownView | undefined;
  #sent: Page | undefined;
  #freshness: Freshness | undefined;
  #changes = 0;
  #toldPending = 0;
  #timer: Timer | undefined;
  #computing = false;
  #nextMs = 0;
  #costMs = 0;
  #unlisten: (() => void) | undefined;
  #relisten = false;
  #closed = false;

  constructor(options: LiveViewOptions) {
    this.#options = options;
  }

  get cluster(): string {
    return this.#options.cluster;
  }

  /** Opens the view, or opens it anew. Never rejects: what goes wrong is told to the tab. */
  async start(): Promise<void> {
    try {
      const view = await this.#options.open();
      if (this.#closed) return;
      this.#view = view;
      await this.#listen(view);
      await view.ready(firstStateMs, { soon: true });
      await this.#update();
    } catch (error) {
      this.#fail(error);
    }
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#unlisten?.();
  }

  /** Something changed that may show; rights may have, too. */
  touch(): void {
    this.#changes++;
    this.#schedule();
  }

  /** Rights may have changed, and with them what the view is made of. */
  refresh(): void {
    this.#relisten = true;
    this.touch();
  }

  /** The tab came to the front or went to the back. */
  reschedule(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#changes > 0) this.#schedule();
  }

  /** Says how fresh it is where that is another than what was said. Never rejects. */
  async checkFreshness(): Promise<void> {
    if (this.#closed || !this.#view || !this.#sent) return;
    try {
      this.#tellFreshness(await this.#view.freshness());
    } catch (error) {
      this.#fail(error);
    }
  }

  #tellFreshness(freshness: Freshness): void {
    if (JSON.stringify(freshness) === JSON.stringify(this.#freshness)) return;
    if (this.#options.send({ type: 'freshness', id: this.#options.id, freshness }))
      this.#freshness = freshness;
  }

  async #listen(view: ShownView): Promise<void> {
    this.#relisten = false;
    const unlisten = await view.onChange(() => this.touch());
    this.#unlisten?.();
    this.#unlisten = unlisten;
    if (this.#closed) unlisten();
  }

  #schedule(delayMs?: number): void {
    if (this.#closed || this.#timer || this.#computing || !this.#sent) return;
    const { clock, pauseMs, pacer } = this.#options;
    const own = delayMs ?? Math.max(pauseMs(), this.#nextMs - clock.monotonic());
    const wait = Math.max(own, pacer.reserve(this.#costMs));
    this.#timer = clock.after(wait, () => {
      this.#timer = undefined;
      void this.#update();
    });
  }

  async #update(): Promise<void> {
    const { id, query, send, clock } = this.#options;
    if (this.#closed || !this.#view) return;
    this.#computing = true;
    const changes = this.#changes;
    let delivered = true;
    try {
      const startedMs = clock.monotonic();
      if (this.#relisten) await this.#listen(this.#view);
      const page = await this.#view.page(query);
      this.#costMs = clock.monotonic() - startedMs;
      this.#nextMs = clock.monotonic() + this.#costMs * busyShare;
      const message = pageChange(id, this.#sent, page);
      if (message) delivered = send(message);
      if (delivered) {
        this.#sent = page;
        if (message?.type === 'page') this.#freshness = page.freshness;
        else this.#tellFreshness(page.freshness);
        this.#changes -= changes;
        this.#toldPending = 0;
      } else this.#tellPending();
    } catch (error) {
      this.#fail(error);
      return;
    } finally {
      this.#computing = false;
    }
    if (!delivered) this.#schedule(retryMs);
    else if (this.#changes > 0) this.#schedule();
  }

  #tellPending(): void {
    if (this.#changes === this.#toldPending) return;
    this.#toldPending = this.#changes;
    this.#options.send({ type: 'pending', id: this.#options.id, changes: Math.max(1, this.#changes) });
  }

  #fail(error: unknown): void {
    if (this.#closed) return;
    const { id, send, statusOf } = this.#options;
    this.close();
    send({ type: 'error', id, status: isApiError(error) ? error.status : statusOf(error) });
  }
}

const firstStateMs = 10_000;
