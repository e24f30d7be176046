import { expect, test } from 'vitest';
import type { Secret } from '@skerry/api';
import { credentialsFor } from '#images/credentials.ts';

function secret(auths: object): Secret {
  const text = Buffer.from(JSON.stringify({ auths })).toString('base64');
  return {
    metadata: { name: 's' },
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': text },
  };
}
const auth = (user: string) => ({ auth: Buffer.from(`${user}:pass:word`).toString('base64') });

test('the credential with the longest fitting name comes first', () => {
  const found = credentialsFor('a.example:5000/team/app:1', [
    secret({
      'https://a.example:5000': auth('host'),
      'a.example:5000/team': auth('team'),
      'b.example': auth('other'),
    }),
  ]);
  expect(found.map(({ username, password }) => `${username} ${password}`)).toEqual([
    'team pass:word',
    'host pass:word',
  ]);
});

test.each([
  ['*.example', 'a.example/x:1', true],
  ['*.example', 'a.b.example/x:1', false],
  ['r*g*y.example', 'registry.example/x:1', true],
  ['re*re.example', 're.example/x:1', false],
  [`${'*a'.repeat(40)}b.example`, `${'a'.repeat(60)}.example/x:1`, false],
  ['https://index.docker.io/v1/', 'docker.io/library/x:1', true],
  ['a.example/team', 'a.example/other/x:1', false],
])('%s for %s: %s', (pattern, reference, fits) => {
  expect(credentialsFor(reference, [secret({ [pattern]: auth('u') })])).toHaveLength(fits ? 1 : 0);
});

test('a secret that cannot be read gives nothing', () => {
  expect(credentialsFor('a/b:1', [{ metadata: {}, data: { '.dockerconfigjson': 'bm8=' } }])).toEqual([]);
});

test('an entry without content gives nothing', () => {
  expect(credentialsFor('a.example/b:1', [secret({ 'a.example': null })])).toEqual([]);
});
