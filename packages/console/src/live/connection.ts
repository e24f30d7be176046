/**
 * The one WebSocket of a tab, over which the backend says what changes of what is on the screen. Views are shared: two readers
 * of one view cost one subscription. When the connection breaks, what was shown stays, marked stale since the last word, and
 * the connection is tried again, at first soon, then every half minute.
 */
import {
  paths,
  type Freshness,
  type LiveMessage,
  type LiveRequest,
  type Page,
  type Ticket,
  type ViewQuery,
} from '@skerry/center/contract';
import { request } from '#api/request.ts';
import { statusOf, type Status } from '#api/status-error.ts';
import { applyChange } from './apply-change.ts';

export interface ViewState {
  readonly page?: Page;
  readonly status?: Status;
  /** Changes that the backend did not send since they were too many; asking anew fetches them. */
  readonly pending: number;
  readonly freshness: Freshness;
}

export interface ViewOf {
  readonly cluster: string;
  readonly resource: string;
  readonly query: ViewQuery;
}

interface Subscription {
  readonly id: string;
  readonly of: ViewOf;
  readonly listeners: Set<() => void>;
  state: ViewState;
}

export const connecting: ViewState = { pending: 0, freshness: { state: 'connecting' } };
const retryDelaysMs = [500, 1000, 2000, 5000, 10_000, 30_000];
/** A view nobody looks at is kept this long, so that going back shows it at once. */
const lingerMs = 2000;

export class LiveConnection {
  readonly #views = new Map<string, Subscription>();
  readonly #freshnessListeners = new Set<() => void>();
  #socket: WebSocket | undefined;
  #opening = false;
  #failures = 0;
  #nextId = 1;
  #freshness: Freshness = { state: 'connecting' };
  #lastWord: string | undefined;

  readonly read = (of: ViewOf): ViewState => this.#views.get(keyOf(of))?.state ?? connecting;

  /** @returns what ends it */
  readonly subscribe = (of: ViewOf, listener: () => void): (() => void) => {
    const key = keyOf(of);
    let view = this.#views.get(key);
    if (!view) {
      view = { id: String(this.#nextId++), of, listeners: new Set(), state: connecting };
      this.#views.set(key, view);
      this.#show(view);
    }
    const { listeners } = view;
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      setTimeout(() => this.#drop(key), lingerMs);
    };
  };

  /** Asks for the whole page again: after changes that were too many, or a failure. */
  readonly refresh = (of: ViewOf): void => {
    const view = this.#views.get(keyOf(of));
    if (view) this.#show(view);
  };

  /** Of the connection itself. */
  readonly readFreshness = (): Freshness => this.#freshness;
  readonly subscribeFreshness = (listener: () => void): (() => void) => {
    this.#freshnessListeners.add(listener);
    void this.#open();
    return () => this.#freshnessListeners.delete(listener);
  };

  #drop(key: string): void {
    const view = this.#views.get(key);
    if (!view || view.listeners.size > 0) return;
    this.#views.delete(key);
    this.#send({ type: 'hide', id: view.id });
  }

  #show(view: Subscription): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#send({ type: 'show', id: view.id, ...view.of });
    else void this.#open();
  }

  #send(message: LiveRequest): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  async #open(): Promise<void> {
    if (this.#opening || this.#socket) return;
    this.#opening = true;
    try {
      const { ticket } = await request<Ticket>(paths.tickets, {
        method: 'POST',
        body: { purpose: 'live', target: paths.live },
      });
      this.#listen(new WebSocket(`${socketAddress(paths.live)}?ticket=${encodeURIComponent(ticket)}`));
    } catch (error) {
      this.#broke(statusOf(error).message ?? '');
    } finally {
      this.#opening = false;
    }
  }

  #listen(socket: WebSocket): void {
    this.#socket = socket;
    socket.addEventListener('open', () => {
      this.#failures = 0;
      this.#setFreshness({ state: 'live' });
      for (const view of this.#views.values()) this.#send({ type: 'show', id: view.id, ...view.of });
    });
    socket.addEventListener('message', (event: MessageEvent<string>) => {
      this.#lastWord = new Date().toISOString();
      this.#take(JSON.parse(event.data) as LiveMessage);
    });
    socket.addEventListener('close', (event) => {
      this.#socket = undefined;
      this.#broke(event.reason);
    });
  }

  #broke(why: string): void {
    const stale: Freshness = {
      state: 'stale',
      ...(this.#lastWord ? { since: this.#lastWord } : {}),
      ...(why ? { why } : {}),
    };
    this.#setFreshness(stale);
    for (const view of this.#views.values()) {
      const status: Status | undefined = view.state.page
        ? undefined
        : { reason: 'Unreachable', code: 0, message: why };
      this.#update(view, { ...view.state, freshness: stale, status: view.state.status ?? status });
    }
    const delay = retryDelaysMs[Math.min(this.#failures, retryDelaysMs.length - 1)] ?? 0;
    this.#failures++;
    setTimeout(
      () => {
        if (this.#views.size > 0 || this.#freshnessListeners.size > 0) void this.#open();
      },
      delay * (0.75 + Math.random() / 2),
    );
  }

  #take(message: LiveMessage): void {
    const view = [...this.#views.values()].find((candidate) => candidate.id === message.id);
    if (!view) return;
    const { state } = view;
    switch (message.type) {
      case 'page':
        this.#update(view, { page: message.page, pending: 0, freshness: message.page.freshness });
        break;
      case 'change':
        if (state.page) {
          this.#update(view, {
            ...state,
            page: applyChange(state.page, message),
            freshness: { state: 'live' },
          });
        }
        break;
      case 'pending':
        this.#update(view, { ...state, pending: message.changes });
        break;
      case 'freshness':
        this.#update(view, { ...state, freshness: message.freshness });
        break;
      case 'error':
        this.#update(view, { ...state, status: message.status as Status });
        break;
    }
  }

  #update(view: Subscription, state: ViewState): void {
    view.state = state;
    for (const listener of view.listeners) listener();
  }

  #setFreshness(freshness: Freshness): void {
    this.#freshness = freshness;
    for (const listener of this.#freshnessListeners) listener();
  }

  /** Tells the backend whether anyone looks. */
  setVisible(visible: boolean): void {
    this.#send({ type: 'visibility', visible });
  }
}

export const live = new LiveConnection();

export function socketAddress(path: string): string {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${path}`;
}

function keyOf(of: ViewOf): string {
  return JSON.stringify([of.cluster, of.resource, of.query]);
}
