import { equalJson } from '@skerry/api';
/**
 * Of one request's mutating admission: whether it must run a second time, since a later part changed what an earlier one
 * had seen, and what of it then. There is never a third time.
 */
import type { AnyObject } from '@skerry/api';

export class Reinvocation {
  #round: 0 | 1 = 0;
  #wanted = false;
  /** By whoever asks: webhooks and policies keep separate books. */
  readonly #books = new Map<string, InvocationBook>();

  get round(): 0 | 1 {
    return this.#round;
  }

  want(): void {
    this.#wanted = true;
  }

  /** Begins the second round; false when nobody wants one. */
  again(): boolean {
    if (!this.#wanted || this.#round === 1) return false;
    this.#round = 1;
    return true;
  }

  bookOf(name: string): InvocationBook {
    let book = this.#books.get(name);
    if (!book) this.#books.set(name, (book = new InvocationBook()));
    return book;
  }
}

/** What one kind of mutator has called, and what of it a change makes it call again. */
export class InvocationBook {
  #invoked = new Set<string>();
  readonly #again = new Set<string>();
  #left: AnyObject | undefined;

  /** `id` was called, and wants to be called again after changes of others. */
  invoked(id: string): void {
    this.#invoked.add(id);
  }

  /** Something has changed: all that were called so far are called again. */
  changed(): void {
    for (const id of this.#invoked) this.#again.add(id);
    this.#invoked = new Set();
  }

  isCalledAgain(id: string): boolean {
    return this.#again.has(id);
  }

  /** Remembers the object as this kind of mutator left it. */
  leave(object: AnyObject | undefined): void {
    this.#left = object && structuredClone(object);
  }

  /** Whether others have changed the object since. */
  isChangedSince(object: AnyObject | undefined): boolean {
    return !equalJson(this.#left, object);
  }
}
