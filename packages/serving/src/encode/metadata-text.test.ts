import { assert, dictionary, jsonValue, property, string } from 'fast-check';
import { expect, test } from 'vitest';
import { metadataText } from '#encode/metadata-text.ts';

test('the text of metadata is found, whatever is in it and behind it', () => {
  assert(
    property(dictionary(string({ unit: 'binary' }), jsonValue()), jsonValue(), (metadata, spec) => {
      const object = { kind: 'Pod', apiVersion: 'v1', metadata, spec };
      const text = metadataText(Buffer.from(JSON.stringify(object)));
      expect(Buffer.from(text ?? []).toString()).toBe(JSON.stringify(metadata));
    }),
  );
});

test.for([
  '{"spec":{},"metadata":{}}',
  '{"kind":"Pod","metadata":{"name":"cut o',
  '{"kind":"Pod","metadata":{"name":"x"',
  '{"kind":"Pod","metadata":null}',
  '',
])('there is none in %s', (json) => {
  expect(metadataText(Buffer.from(json))).toBeUndefined();
});
