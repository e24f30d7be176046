import type { Freshness } from '#contract/index.ts';
import type { Item } from '#cache/item.ts';
import type { ChangeListener, ItemSource, ReadyOptions, ResourceCache } from '#cache/resource-cache.ts';

/** Copies of one resource in several namespaces, read as one. There is at least one. */
export class JoinedCache implements ItemSource {
  readonly #parts: readonly ResourceCache[];

  constructor(parts: readonly ResourceCache[]) {
    this.#parts = parts;
  }

  get id(): string {
    return this.#parts.map(({ id }) => id).join('+');
  }

  get view() {
    return this.#parts[0]!.view;
  }

  get columns() {
    return this.#parts.find(({ columns }) => columns.length > 0)?.columns ?? this.view.columns;
  }

  get version(): number {
    return this.#parts.reduce((sum, { version }) => sum + version, 0);
  }

  get synced(): boolean {
    return this.#parts.every(({ synced }) => synced);
  }

  get trouble() {
    return this.#parts.find(({ trouble }) => trouble)?.trouble;
  }

  get idleMs(): number {
    return Math.min(...this.#parts.map(({ idleMs }) => idleMs));
  }

  items(namespace?: string): Item[] {
    return this.#parts.flatMap((part) => part.items(namespace));
  }

  rows(namespace?: string): Item[] {
    return this.#parts.flatMap((part) => part.rows(namespace));
  }

  async ready(timeoutMs: number, options?: ReadyOptions): Promise<void> {
    await Promise.all(this.#parts.map((part) => part.ready(timeoutMs, options)));
  }

  freshness(): Freshness {
    const all = this.#parts.map((part) => part.freshness());
    const worst = ['connecting', 'stale']
      .map((state) => all.find((one) => one.state === state))
      .find(Boolean);
    return worst ?? { state: 'live' };
  }

  onChange(listener: ChangeListener): () => void {
    const ends = this.#parts.map((part) => part.onChange(listener));
    return () => ends.forEach((end) => end());
  }

  touch(): void {
    for (const part of this.#parts) part.touch();
  }

  close(): void {
    for (const part of this.#parts) part.close();
  }
}
