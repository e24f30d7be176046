import { stringify } from 'yaml';
import type { Encoder } from '#contract.ts';

/** YAML of what another encoder makes in JSON, for people with curl. Watches stay JSON: YAML has no frames. */
export function yamlEncoder(json: Encoder): Encoder {
  return {
    ...json,
    contentType: 'application/yaml',
    object: (item) => yamlOf([json.object(item)]),
    list: (items, meta) => [yamlOf(json.list(items, meta))],
  };
}

function yamlOf(pieces: Iterable<Uint8Array>): Uint8Array {
  const value: unknown = JSON.parse(Buffer.concat([...pieces]).toString());
  return Buffer.from(stringify(value, { aliasDuplicateObjects: false, lineWidth: 0 }));
}
