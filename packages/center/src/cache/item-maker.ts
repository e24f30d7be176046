/** Cuts an object down to what is kept of it. */
import type { AnyObject } from '@skerry/api';
import { describeError, type Clock } from '@skerry/base';
import type { Cell } from '#contract/index.ts';
import type { Interner } from '#cache/interner.ts';
import type { Item, StateCell } from '#cache/item.ts';
import type { TableRow } from '#cache/table-source.ts';
import type { ViewColumn, ViewKind } from '#views/view-kind.ts';

/** Longer texts are cut: a cell is a line, and a hostile object may hold a megabyte. */
const cellLengthMax = 1024;

export class ItemMaker {
  readonly #view: ViewKind;
  readonly #interner: Interner;
  readonly #clock: Clock;
  readonly #stored: readonly NonNullable<ViewColumn['cell']>[];

  constructor(view: ViewKind, { interner, clock }: { interner: Interner; clock: Clock }) {
    this.#view = view;
    this.#interner = interner;
    this.#clock = clock;
    this.#stored = view.columns.flatMap(({ cell }) => (cell ? [cell] : []));
  }

  make(object: AnyObject): Item {
    const { metadata = {} } = object;
    const nowMs = this.#clock.now();
    // Metadata may hold an object that its API server would have refused: one such must not hold up the others.
    const state = this.#guarded(() => this.#view.state?.(object, nowMs), undefined);
    const facts = this.#guarded(() => this.#view.facts?.(object, this.#interner), undefined);
    return {
      metadata: {
        name: metadata.name ?? '',
        ...(metadata.namespace ? { namespace: this.#interner.text(metadata.namespace) } : {}),
        uid: metadata.uid ?? '',
        ...(metadata.resourceVersion ? { resourceVersion: metadata.resourceVersion } : {}),
        ...(metadata.creationTimestamp
          ? { creationTimestamp: this.#interner.text(metadata.creationTimestamp) }
          : {}),
        labels: this.#interner.labels(metadata.labels) as Record<string, string>,
      },
      cells: this.#cells(object, nowMs),
      ...(state ? { state: this.#shared(state) } : {}),
      ...(facts ? { facts } : {}),
    };
  }

  #cells(object: AnyObject, nowMs: number): Cell[] {
    if (this.#view.fromTable)
      return (object as KubeTableRow).tableCells.map((value) => this.#cell(fromTable(value)));
    return this.#stored.map((cell) => this.#cell(this.#guarded(() => cell(object, nowMs), null)));
  }

  #cell(value: Cell): Cell {
    if (typeof value !== 'string') return value;
    return this.#interner.text(
      value.length > cellLengthMax ? `${value.slice(0, cellLengthMax - 1)}…` : value,
    );
  }

  #shared(state: StateCell): StateCell {
    const interner = this.#interner;
    return {
      state: interner.text(state.state),
      tone: state.tone,
      ...(state.why ? { why: interner.text(state.why) } : {}),
      ...(state.since ? { since: interner.text(state.since) } : {}),
    };
  }

  #guarded<T>(make: () => T, otherwise: T): T {
    try {
      return make();
    } catch (error) {
      if (error instanceof TypeError || error instanceof RangeError) return otherwise;
      throw new Error(`an object of ${this.#view.ref.resource}: ${describeError(error)}`, { cause: error });
    }
  }
}

type KubeTableRow = AnyObject & Pick<TableRow, 'tableCells'>;

function fromTable(value: unknown): Cell {
  if (typeof value === 'number') return value;
  if (typeof value === 'string')
    return value === '' || value === '<none>' || value === '<unset>' ? null : value;
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return value === null || value === undefined ? null : JSON.stringify(value);
}
