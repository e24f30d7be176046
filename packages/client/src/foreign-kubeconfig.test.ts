import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { parseForeignKubeconfig } from '#foreign-kubeconfig.ts';

const pem = Buffer.from('-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n').toString('base64');

function kubeconfig({ cluster = {}, user = {} }: { cluster?: object; user?: object } = {}): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'prod',
    contexts: [
      { name: 'prod', context: { cluster: 'prod', user: 'me' } },
      { name: 'evil', context: { cluster: 'prod', user: 'evil' } },
    ],
    clusters: [
      {
        name: 'prod',
        cluster: { server: 'https://k8s.example.com:6443', 'certificate-authority-data': pem, ...cluster },
      },
    ],
    users: [
      { name: 'me', user: { token: 'abc.def', ...user } },
      { name: 'evil', user: { exec: { command: 'sh' } } },
    ],
  });
}

test('plain data of the chosen context is taken', () => {
  expect(parseForeignKubeconfig(kubeconfig())).toMatchObject({
    server: 'https://k8s.example.com:6443',
    ca: expect.stringContaining('BEGIN CERTIFICATE'),
    token: 'abc.def',
  });
});

describe('refused is', () => {
  test.each([
    ['a command', { user: { exec: { command: 'sh' } } }, /exec runs a command/],
    ['an auth-provider', { user: { 'auth-provider': { name: 'gcp' } } }, /auth-provider runs a plug-in/],
    ['a token file', { user: { tokenFile: '/etc/shadow' } }, /tokenFile names a file/],
    ['a key file', { user: { 'client-key': '/root/key' } }, /client-key names a file/],
    ['an authority file', { cluster: { 'certificate-authority': '/etc/passwd' } }, /names a file/],
    ['a proxy', { cluster: { 'proxy-url': 'http://127.0.0.1:1' } }, /leads through a proxy/],
    ['unverified TLS', { cluster: { 'insecure-skip-tls-verify': true } }, /leaves TLS unverified/],
    ['plain HTTP', { cluster: { server: 'http://k8s.example.com' } }, /must be an https/],
    ['another scheme', { cluster: { server: 'file:///etc/passwd' } }, /must be an https/],
    ['a server with a password', { cluster: { server: 'https://a:b@k8s.example.com' } }, /no credentials/],
    ['a password', { user: { username: 'admin', password: 'x' } }, /is a password/],
    ['impersonation', { user: { as: 'system:admin' } }, /impersonates/],
    ['no credential', { user: { token: undefined } }, /neither a token nor a client certificate/],
    ['a token with a line break', { user: { token: 'a\r\nhost: x' } }, /characters that no token has/],
    ['an authority that is no PEM', { cluster: { 'certificate-authority-data': 'AAAA' } }, /no PEM/],
  ])('%s', (_, parts, why) => {
    expect(() => parseForeignKubeconfig(kubeconfig(parts))).toThrow(why);
  });

  test.each([
    ['another context that runs a command', () => parseForeignKubeconfig(kubeconfig(), 'evil'), /exec runs/],
    ['a context that is not there', () => parseForeignKubeconfig(kubeconfig(), 'none'), /no context "none"/],
    ['no YAML', () => parseForeignKubeconfig('{'), /not valid YAML/],
    ['a list', () => parseForeignKubeconfig('[]'), /it is no mapping/],
    ['10 MB', () => parseForeignKubeconfig('x'.repeat(10_000_000)), /longer than 256 KiB/],
    [
      'aliases, by which little becomes much',
      () => parseForeignKubeconfig('a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]'),
      /without aliases/,
    ],
  ])('%s', (_, read, why) => {
    expect(read).toThrow(why);
  });
});
