import type { StoreEvent } from '#contract.ts';

/** An event with the entry that it replaced, which is read when someone asks: most watchers know it already. There is one for each write. */
export class ReplacingEvent implements StoreEvent {
  readonly type: StoreEvent['type'];
  readonly key: string;
  readonly value: Uint8Array;
  readonly createRevision: number;
  readonly revision: number;
  readonly #previousRevision: number;
  readonly #valueAt: (revision: number) => Uint8Array | undefined;

  constructor(
    { type, key, value, createRevision, revision }: StoreEvent,
    previousRevision: number,
    valueAt: (revision: number) => Uint8Array | undefined,
  ) {
    this.type = type;
    this.key = key;
    this.value = value;
    this.createRevision = createRevision;
    this.revision = revision;
    this.#previousRevision = previousRevision;
    this.#valueAt = valueAt;
  }

  get previous(): StoreEvent['previous'] {
    const value = this.#valueAt(this.#previousRevision);
    return value && { value, modRevision: this.#previousRevision };
  }
}
