/**
 * One copy of strings and label sets that many objects share: the names of nodes, images, states, the labels of a
 * DaemonSet's pods. A copy of 50,000 pods is mostly such repetitions, and JSON gives each object its own.
 *
 * Bounded: a full table is emptied, after which new objects share among themselves only.
 */
const entriesMax = 200_000;
/** Longer texts rarely repeat. */
const lengthMax = 256;

export class Interner {
  readonly #texts = new Map<string, string>();
  readonly #labels = new Map<string, Readonly<Record<string, string>>>();

  text(value: string): string {
    if (value.length > lengthMax) return value;
    const held = this.#texts.get(value);
    if (held !== undefined) return held;
    if (this.#texts.size >= entriesMax) this.#texts.clear();
    this.#texts.set(value, value);
    return value;
  }

  labels(value: Readonly<Record<string, string>> | undefined): Readonly<Record<string, string>> {
    if (!value) return noLabels;
    let identity = '';
    for (const key in value) identity += `${key}\0${value[key]}\0`;
    if (identity === '') return noLabels;
    const held = this.#labels.get(identity);
    if (held) return held;
    const copy: Record<string, string> = {};
    for (const key in value) copy[this.text(key)] = this.text(value[key] ?? '');
    if (this.#labels.size >= entriesMax) this.#labels.clear();
    this.#labels.set(identity, copy);
    return copy;
  }
}

const noLabels: Readonly<Record<string, string>> = Object.freeze({});
