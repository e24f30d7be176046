/** What an object carries that a person seldom wants to see: who manages which field, what is observed, what was applied last. */
import { foldEffect } from '@codemirror/language';
import type { EditorState, StateEffect } from '@codemirror/state';
import { isMap, isScalar, type Document } from 'yaml';
import { parsePiece, splitDocuments, rangeOfNode, YamlRefused } from './yaml-text.ts';

/** Finding what to fold means parsing it. */
const foldedLengthMax = 256 << 10;
const noisyAnnotations = ['kubectl.kubernetes.io/last-applied-configuration'];

export function foldNoise(state: EditorState): readonly StateEffect<unknown>[] {
  const effects: StateEffect<unknown>[] = [];
  for (const piece of splitDocuments(state.doc.toString())) {
    if (piece.text.length > foldedLengthMax) continue;
    for (const [key, end] of noisyRanges(piece.text).toSorted(([one], [other]) => one - other)) {
      const line = state.doc.lineAt(piece.from + key);
      const until = piece.from + end;
      const trimmed = until - (/\s*$/.exec(state.doc.sliceString(line.to, until))?.[0].length ?? 0);
      if (trimmed > line.to) effects.push(foldEffect.of({ from: line.to, to: trimmed }));
    }
  }
  return effects;
}

function noisyRanges(text: string): readonly (readonly [key: number, end: number])[] {
  let document: Document;
  try {
    document = parsePiece(text);
  } catch (error) {
    if (error instanceof YamlRefused) return [];
    throw error;
  }
  const root = document.contents;
  const metadata = isMap(root) ? root.get('metadata', true) : undefined;
  const annotations = isMap(metadata) ? metadata.get('annotations', true) : undefined;
  return [
    ...fieldRange(root, ['status']),
    ...fieldRange(metadata, ['managedFields']),
    ...fieldRange(annotations, noisyAnnotations),
  ];
}

function fieldRange(map: unknown, names: readonly string[]): (readonly [number, number])[] {
  if (!isMap(map)) return [];
  return map.items.flatMap(({ key, value }) => {
    if (!isScalar(key) || !names.includes(String(key.value))) return [];
    const [from] = rangeOfNode(key) ?? [];
    const end =
      typeof value === 'object' && value !== null && 'range' in value
        ? (value.range as number[])[1]
        : undefined;
    return from === undefined || end === undefined ? [] : [[from, end] as const];
  });
}
