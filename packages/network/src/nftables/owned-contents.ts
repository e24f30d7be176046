/**
 * The contents of a table by owner. Owners may put the same element into a set: it goes when the last of them lets go. Of
 * owners that want different values for one element, two Services with the same external address, say, the one that had
 * it first keeps it; another gets it when it is free.
 */
import { emptyContent, type TableContent } from '#nftables/table-content.ts';

export interface OwnedChange {
  readonly old: TableContent[];
  readonly next: TableContent[];
  /** What owners of this change want and another has. */
  readonly conflicts: readonly {
    readonly owner: string;
    readonly element: string;
    readonly holder: string;
  }[];
}

interface Held {
  readonly value: string;
  readonly owners: Set<string>;
}

export class OwnedContents {
  readonly #wanted = new Map<string, TableContent>();
  readonly #effective = new Map<string, TableContent>();
  readonly #held = new Map<string, Held>();
  readonly #waiting = new Map<string, Set<string>>();

  /** All that is in the table, as if it were to be made anew. */
  all(): TableContent[] {
    return [...this.#effective.values()];
  }

  entries(): IterableIterator<[string, TableContent]> {
    return this.#effective.entries();
  }

  owners(): IterableIterator<string> {
    return this.#wanted.keys();
  }

  /** Takes what owners want from now on, nothing where undefined, and answers what that means for the table. */
  change(updates: ReadonlyMap<string, TableContent | undefined>): OwnedChange {
    const owners = new Set(updates.keys());
    for (const [owner, content] of updates) {
      if (content) this.#wanted.set(owner, content);
      else this.#wanted.delete(owner);
    }
    const old: TableContent[] = [];
    // Letting go first, also of what others wait for: they take part in the change then.
    for (const owner of owners) {
      const held = this.#effective.get(owner);
      this.#effective.delete(owner);
      if (held) old.push(held);
      for (const element of elementsOf(held ?? emptyContent)) {
        const isFree = this.#release(owner, element.id);
        if (isFree) for (const waiting of this.#waiting.get(element.id) ?? []) owners.add(waiting);
      }
      this.#forgetWaiting(owner);
    }
    const conflicts: { owner: string; element: string; holder: string }[] = [];
    const next: TableContent[] = [];
    for (const owner of owners) {
      const wanted = this.#wanted.get(owner);
      if (!wanted) continue;
      const effective = this.#take(owner, wanted, conflicts);
      this.#effective.set(owner, effective);
      next.push(effective);
    }
    const isOthers = (id: string) => [...(this.#held.get(id)?.owners ?? [])].some((one) => !owners.has(one));
    return {
      old: old.map((content) => without(content, isOthers)),
      next: next.map((content) => without(content, isOthers)),
      conflicts,
    };
  }

  #take(owner: string, wanted: TableContent, conflicts: OwnedChange['conflicts'][number][]): TableContent {
    const refused = new Set<string>();
    for (const { id, value } of elementsOf(wanted)) {
      const held = this.#held.get(id);
      if (!held) this.#held.set(id, { value, owners: new Set([owner]) });
      else if (held.value === value) held.owners.add(owner);
      else {
        refused.add(id);
        const waiting = this.#waiting.get(id) ?? new Set();
        this.#waiting.set(id, waiting.add(owner));
        const [holder = ''] = held.owners;
        conflicts.push({ owner, element: id, holder });
      }
    }
    return refused.size === 0 ? wanted : without(wanted, (id) => refused.has(id));
  }

  /** Answers whether nobody has it any more. */
  #release(owner: string, id: string): boolean {
    const held = this.#held.get(id);
    held?.owners.delete(owner);
    if (held && held.owners.size > 0) return false;
    this.#held.delete(id);
    return true;
  }

  #forgetWaiting(owner: string): void {
    for (const [id, owners] of this.#waiting) {
      if (owners.delete(owner) && owners.size === 0) this.#waiting.delete(id);
    }
  }
}

function* elementsOf({ elements }: TableContent): Generator<{ id: string; value: string }> {
  for (const [set, values] of Object.entries(elements)) {
    for (const [key, value] of Object.entries(values)) yield { id: idOf(set, key), value };
  }
}

function idOf(set: string, key: string): string {
  return `${set} ${key}`;
}

function without(content: TableContent, isLeftOut: (id: string) => boolean): TableContent {
  const elements = Object.entries(content.elements).map(([set, values]) => [
    set,
    Object.fromEntries(Object.entries(values).filter(([key]) => !isLeftOut(idOf(set, key)))),
  ]);
  return { ...content, elements: Object.fromEntries(elements) as TableContent['elements'] };
}
