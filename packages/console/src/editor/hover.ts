import { isMap, isPair, isSeq, type Document } from 'yaml';
import type { Step } from './schema.ts';
import { keyText, rangeOfNode } from './yaml-text.ts';

/** @returns the field whose key is at a position, as a path, with where the key stands */
export function pathAt(
  document: Document,
  position: number,
): { readonly path: readonly Step[]; readonly range: readonly [from: number, to: number] } | undefined {
  let node: unknown = document.contents;
  const path: Step[] = [];
  for (;;) {
    if (isMap(node)) {
      const pair = node.items.find(({ key, value }) => isWithin(key, position) || isWithin(value, position));
      if (!pair) return undefined;
      path.push(keyText(pair));
      const range = rangeOfNode(pair.key);
      if (range && isWithin(pair.key, position)) return { path, range };
      node = pair.value;
    } else if (isSeq(node)) {
      const index = node.items.findIndex(
        (item) => isWithin(item, position) || (isPair(item) && isWithin(item.key, position)),
      );
      if (index < 0) return undefined;
      path.push(index);
      node = node.items[index];
    } else return undefined;
  }
}

function isWithin(node: unknown, position: number): boolean {
  const range = rangeOfNode(node);
  return range !== undefined && range[0] <= position && position <= range[1];
}
