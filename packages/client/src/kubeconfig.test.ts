import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadKubeconfig, parseKubeconfig, writeKubeconfig } from '#index.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'skerry-kubeconfig-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('what was written is read back, by its owner alone', async () => {
  const file = path.join(folder, 'new', 'admin.kubeconfig');
  await writeKubeconfig(file, {
    cluster: 'skerry',
    user: 'admin',
    server: 'https://10.0.0.1:6443',
    ca: 'CA',
    clientCertificate: 'CERT',
    clientKey: 'KEY',
  });
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await loadKubeconfig(file)).toMatchObject({
    server: 'https://10.0.0.1:6443',
    ca: 'CA',
    clientCertificate: 'CERT',
    clientKey: 'KEY',
  });
});

test('another context can be named, and files are relative to the kubeconfig', async () => {
  await writeFile(path.join(folder, 'ca.pem'), 'CA FILE');
  const text = `
current-context: one
contexts:
- { name: one, context: { cluster: a, user: u } }
- { name: two, context: { cluster: b, user: u, namespace: shop } }
clusters:
- { name: a, cluster: { server: "https://a" } }
- { name: b, cluster: { server: "https://b", certificate-authority: ca.pem } }
users:
- { name: u, user: { tokenFile: token } }
`;
  const file = path.join(folder, 'config');
  expect(await parseKubeconfig(text, { file, context: 'two' })).toMatchObject({
    server: 'https://b',
    ca: 'CA FILE',
    tokenFile: path.join(folder, 'token'),
    namespace: 'shop',
  });
});

test.each([
  ['', 'it is empty or no mapping'],
  ['a: [', 'is not valid YAML'],
  ['clusters: []', 'it names no current-context'],
  ['current-context: x', 'it has no context "x"'],
  ['current-context: x\ncontexts: [{name: x, context: {cluster: c}}]', 'it has no cluster "c"'],
  [
    'current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\nclusters: [{name: c, cluster: {server: "https://c", insecure-skip-tls-verify: true}}]',
    'insecure-skip-tls-verify is not supported',
  ],
])('a broken kubeconfig %j is refused with what is wrong', async (text, why) => {
  await expect(parseKubeconfig(text, { file: '/k' })).rejects.toThrow(why);
});

test('a kubeconfig that is not there is named', async () => {
  const file = path.join(folder, 'none');
  await expect(loadKubeconfig(file)).rejects.toMatchObject({
    code: 'kubeconfig-unreadable',
    message: `kubeconfig ${file} can't be read`,
  });
});
