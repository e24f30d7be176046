import { stringify } from 'yaml';
import type { Encoder } from '#contract.ts';

/** YAML of what another encoder makes in JSON, for people with curl. Of watches there is none: YAML has no frames. */
export function yamlEncoder(json: Encoder): Encoder {
  return {
    ...json,
    contentType: 'application/yaml',
    object: (item) => yamlOf([json.object(item)]),
    list: (items, meta) => [yamlOf(json.list(items, meta))],
  };
}

/** A value as the field writes it: keys in order, and quoted what YAML 1.1 would take for something else, as `y` and `no`. */
export function yamlText(value: unknown): string {
  return stringify(value, {
    version: '1.1',
    sortMapEntries: true,
    indentSeq: false,
    aliasDuplicateObjects: false,
    lineWidth: 0,
  });
}

function yamlOf(pieces: Iterable<Uint8Array>): Uint8Array {
  return Buffer.from(yamlText(JSON.parse(Buffer.concat([...pieces]).toString())));
}
