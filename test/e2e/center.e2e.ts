/** The center: clusters that it hosts, by its commands and its management API, and what of it outlives what. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '@skerry/base/testing';
import { childrenOf } from '../../bench/processes.ts';
import { Center } from '../support/center.ts';
import { kubectlProgram, root, run } from '../support/cluster.ts';

let center: Center;

beforeAll(async () => {
  center = await Center.start();
});
afterAll(async () => {
  await center.stop();
  for (const made of folders) rmSync(made, { recursive: true, force: true });
});

const folders: string[] = [];

function newFolder(): string {
  const made = mkdtempSync(join(tmpdir(), 'skerry-of-center-'));
  folders.push(made);
  return made;
}

const skerry = (...args: string[]) => center.skerry([...args, '--data-dir', center.dataDirectory]);
const folder = (cluster: string) => join(center.dataDirectory, 'clusters', cluster);
const kubectl = (cluster: string, ...args: string[]) =>
  run(kubectlProgram, ['--kubeconfig', join(folder(cluster), 'admin.kubeconfig'), ...args], {
    env: center.environment,
  });

const kruiseDaemonSet = `apiVersion: apps.kruise.io/v1alpha1
kind: DaemonSet
metadata: { name: everywhere, namespace: default }
spec:
  selector: { matchLabels: { app: everywhere } }
  template:
    metadata: { labels: { app: everywhere } }
    spec: { containers: [{ name: one, image: 'busybox:1' }] }
`;

function saidOf(output: string): { console: string; password: string } {
  return {
    console: /^ *console +(\S+)$/m.exec(output)?.[1] ?? '',
    password: /one-time password (\S+)/.exec(output)?.[1] ?? '',
  };
}

interface Listed {
  readonly items: {
    readonly metadata: { readonly name: string };
    readonly status: { readonly phase: string; readonly availability?: { readonly ratio: number } };
  }[];
}

async function clusters(): Promise<Listed['items']> {
  return (JSON.parse((await skerry('cluster', 'list', '-o', 'json')).output) as Listed).items;
}

test('the first start tells where the console is and how to sign in, once and in no log', async () => {
  const { console: address, password } = saidOf(center.output);
  expect(address).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
  expect(password).toMatch(/^[a-z0-9-]{20,}$/);
  const logs = readdirSync(join(center.dataDirectory, 'logs')).map((file) => center.file(`logs/${file}`));
  expect(logs.join('\n')).not.toContain(password);
  const get = (path: string) => center.request({ path, url: address, as: 'nobody' });
  const page = await get('/');
  // The console's files are built at set-up; without them only its API is there.
  expect([200, 404]).toContain(page.status);
  expect(page.headers['content-security-policy']).toContain("default-src 'none'");
  expect((await get('/api/home')).status).toBe(401);
  const signIn = (given: string) =>
    center.request({
      method: 'POST',
      path: '/api/session',
      url: address,
      as: 'nobody',
      headers: { origin: address },
      body: { user: 'admin', password: given },
    });
  expect((await signIn('wrong')).status).toBe(401);
  expect((await signIn(password)).json).toMatchObject({ user: 'admin', mustChangePassword: true });
  await center.pause();
  await center.start();
  expect(center.output).not.toContain('one-time password');
});

describe('a hosted cluster', () => {
  test('is made by a command, answers kubectl, and shares nothing with the first', async () => {
    const made = await skerry('cluster', 'create', 'osaka', '--region', 'osaka', '--protect');
    expect(made.output).toContain('API server answers: v1.36');
    expect(made.code).toBe(0);
    expect((await kubectl('osaka', 'create', 'namespace', 'only-here')).code).toBe(0);
    expect((await center.kubectl(['get', 'namespaces'])).output).not.toContain('only-here');
    expect((await clusters()).map(({ metadata, status }) => [metadata.name, status.phase])).toEqual([
      ['default', expect.any(String)],
      ['osaka', 'Running'],
    ]);
  });

  test('goes on while the process of the center ends and is started again', async () => {
    const pids = () => childrenOf(center.pid);
    const before = pids();
    const ofOsaka = before.filter(({ command }) => command.includes(folder('osaka'))).map(({ pid }) => pid);
    expect(ofOsaka).toHaveLength(2);
    const serving = before.find(({ command }) => command.includes('serve-center'))?.pid ?? 0;
    process.kill(serving, 'SIGKILL');
    await eventually(async () => {
      expect(pids().some(({ pid, command }) => command.includes('serve-center') && pid !== serving)).toBe(
        true,
      );
      expect((await clusters()).map(({ metadata }) => metadata.name)).toContain('osaka');
    });
    expect(
      pids()
        .filter(({ command }) => command.includes(folder('osaka')))
        .map(({ pid }) => pid),
    ).toEqual(ofOsaka);
  });

  test('whose API server ends is started again, and that is seen', async () => {
    const api = childrenOf(center.pid).find(
      ({ command }) => command.includes(folder('osaka')) && command.includes('serve-api'),
    );
    process.kill(api?.pid ?? 0, 'SIGKILL');
    await eventually(async () => {
      expect((await kubectl('osaka', 'get', 'namespace', 'only-here')).code).toBe(0);
      const { output } = await skerry('cluster', 'list');
      expect(output).toMatch(/^osaka .* Running .* 1 +yes$/m);
    });
  });

  test('takes machines by a token of its own, at its own port', async () => {
    const data = folder('osaka');
    await kubectl('osaka', 'apply', '-f', join(root, 'examples/node-pools.yaml'));
    const token = await center.skerry(['token', 'create', '--data-dir', data, '--pool', 'beijing']);
    const file = join(center.dataDirectory, 'token');
    writeFileSync(file, token.output, { mode: 0o600 });
    const { port } = JSON.parse(center.file('clusters/osaka/server/config.json')) as { port: number };
    const machine = newFolder();
    const joined = await center.skerry(
      ['join', `127.0.0.1:${port}`, '--token-file', file, '--data-dir', machine].concat([
        '--runtime-endpoint',
        'simulated',
        '--start',
        'none',
        '--node-name',
        'far-1',
      ]),
    );
    expect(joined.errors).toBe('');
    expect(joined.code).toBe(0);
    // One that joined the other cluster's port is refused: its token and authority are others.
    const other = ['join', center.address, '--token-file', file, '--data-dir', newFolder()];
    expect(
      (await center.skerry([...other, '--start', 'none', '--runtime-endpoint', 'simulated'])).code,
    ).not.toBe(0);
  });

  test('is found again by the next start of the center, with what it holds', async () => {
    await center.pause();
    await center.start();
    await eventually(async () => {
      expect((await kubectl('osaka', 'get', 'namespace', 'only-here')).code).toBe(0);
    });
  });

  test('with deletion protection can not be deleted; without, it goes with its folder', async () => {
    const refused = await skerry('cluster', 'delete', 'osaka', '--confirm', 'osaka');
    expect(refused.code).toBe(1);
    expect(refused.errors).toContain('protected from deletion');
    expect((await skerry('cluster', 'protect', 'osaka', '--off')).code).toBe(0);
    expect((await skerry('cluster', 'delete', 'osaka', '--confirm', 'kyoto')).errors).toContain(
      'cluster-not-confirmed',
    );
    expect((await skerry('cluster', 'delete', 'osaka', '--confirm', 'osaka')).code).toBe(0);
    expect(existsSync(folder('osaka'))).toBe(false);
  });

  test('with ranges that are taken is refused with the reason', async () => {
    const made = await skerry('cluster', 'create', 'kyoto', '--pod-cidr', '10.12.4.0/24');
    expect(made.code).toBe(1);
    expect(made.errors).toContain('10.12.4.0/24 overlaps 10.12.0.0/16, pods of cluster default');
    expect((await skerry('cluster', 'delete', 'kyoto', '--confirm', 'kyoto')).code).toBe(0);
  });
});

describe('a backup', () => {
  const file = (name: string) => join(center.dataDirectory, `${name}.skerry-backup`);

  beforeAll(async () => {
    expect((await skerry('cluster', 'create', 'nara')).code).toBe(0);
    for (const args of [
      ['create', 'namespace', 'shop'],
      ['-n', 'shop', 'create', 'secret', 'generic', 'till', '--from-literal=pin=2468'],
      ['-n', 'shop', 'create', 'configmap', 'hours', '--from-literal=open=9'],
    ])
      expect((await kubectl('nara', ...args)).code).toBe(0);
  });

  test('of a cluster that runs is a file for its owner alone, and never replaces one', async () => {
    const made = await skerry('backup', '--cluster', 'nara', '--output', file('nara'));
    expect(made.errors).toBe('');
    expect(statSync(file('nara')).mode & 0o777).toBe(0o600);
    const again = await skerry('backup', '--cluster', 'nara', '--output', file('nara'));
    expect(again.errors).toContain('is there already');
    expect(again.code).toBe(1);
  });

  test('comes back as another cluster of the center, with everything in it', async () => {
    await skerry('cluster', 'delete', 'nara', '--confirm', 'nara');
    const restored = await skerry('restore', file('nara'), '--as', 'nara-again');
    expect(restored.errors).toBe('');
    expect(restored.output).toContain('as it was at');
    const secret = await kubectl('nara-again', '-n', 'shop', 'get', 'secret', 'till', '-o', 'json');
    const { data } = JSON.parse(secret.output) as { data: { pin: string } };
    expect(Buffer.from(data.pin, 'base64').toString()).toBe('2468');
    expect((await kubectl('nara-again', '-n', 'shop', 'get', 'configmap', 'hours')).code).toBe(0);
  });

  test('comes back as a center of its own in a new folder, and in no other', async () => {
    const refused = await skerry('restore', file('nara'));
    expect(refused.code).toBe(1);
    expect(refused.errors).toContain('restore into a new folder');
    const folder = join(newFolder(), 'data');
    expect((await center.skerry(['restore', file('nara'), '--data-dir', folder])).code).toBe(0);
    const other = await Center.start(folder);
    expect((await other.kubectl(['-n', 'shop', 'get', 'secret', 'till'])).code).toBe(0);
    await other.stop();
  });

  test('of the whole center brings all its clusters back', async () => {
    expect((await skerry('backup', '--output', file('all'))).errors).toBe('');
    const folder = join(newFolder(), 'data');
    expect((await center.skerry(['restore', file('all'), '--data-dir', folder])).code).toBe(0);
    await center.pause();
    const other = await Center.start(folder);
    const kubeconfig = join(folder, 'clusters/nara-again/admin.kubeconfig');
    await eventually(async () => {
      const args = ['--kubeconfig', kubeconfig, '-n', 'shop', 'get', 'secret', 'till'];
      expect((await run(kubectlProgram, args, { env: other.environment })).code).toBe(0);
    });
    await other.stop();
    await center.start();
  });
});

describe('a cluster of elsewhere', () => {
  const kubeconfig = () => join(center.dataDirectory, 'admin.kubeconfig');
  let other: Center;

  beforeAll(async () => {
    other = await Center.start(undefined, ['--import-allow', '127.0.0.1']);
  });
  afterAll(() => other.stop());

  const ofOther = (...args: string[]) => other.skerry([...args, '--data-dir', other.dataDirectory]);

  test('is taken in by its kubeconfig, answers, and goes without a trace', async () => {
    const imported = await ofOther('cluster', 'import', 'far', '--kubeconfig', kubeconfig());
    expect(imported.errors).toBe('');
    expect(imported.output).toContain('reached: v1.36');
    expect(imported.output).toContain('permissions: enough for people and views');
    await eventually(async () => {
      const { output } = await ofOther('cluster', 'list');
      expect(output).toMatch(/far +imported .* Running .* 100\.000 %/);
    });
    const key = /client-key-data: (\S{40})/.exec(center.file('admin.kubeconfig'))?.[1] ?? 'none';
    for (const store of ['management.db', 'management.db-wal'])
      expect(readFileSync(join(other.dataDirectory, 'center', store), 'latin1')).not.toContain(key);
    expect((await ofOther('cluster', 'delete', 'far', '--confirm', 'far')).code).toBe(0);
    expect((await center.kubectl(['get', 'namespaces'])).code).toBe(0);
  });

  test('at an address of this machine is refused unless the center was told', async () => {
    const refused = await skerry('cluster', 'import', 'near', '--kubeconfig', kubeconfig());
    expect(refused.code).toBe(1);
    expect(refused.errors).toMatch(/127\.0\.0\.1 is a loopback address.*--import-allow/);
    await skerry('cluster', 'delete', 'near', '--confirm', 'near');
  });

  test('whose kubeconfig runs a command is refused before anything is kept', async () => {
    const file = join(center.dataDirectory, 'evil.kubeconfig');
    const text = center.file('admin.kubeconfig').replace(/client-key-data: \S+/, 'exec: { command: id }');
    writeFileSync(file, text);
    const refused = await skerry('cluster', 'import', 'evil', '--kubeconfig', file);
    expect(refused.errors).toContain('exec runs a command');
    expect((await clusters()).map(({ metadata }) => metadata.name)).not.toContain('evil');
  });
});

describe('a component', () => {
  test('is planned, installed and removed by command', async () => {
    const planned = await skerry('component', 'install', 'openkruise', '--dry-run');
    expect(planned.output).toContain('create CustomResourceDefinition daemonsets.apps.kruise.io');
    const installed = await skerry('component', 'install', 'openkruise');
    expect(installed.errors).toBe('');
    expect((await skerry('component', 'list')).output).toMatch(/openkruise +\S+ +\S+ +Installed/);
    const made = await center.kubectl(['apply', '-f', '-'], kruiseDaemonSet);
    expect(made.errors).toBe('');
    const refused = await skerry('component', 'remove', 'openkruise');
    expect(refused.errors).toContain('daemonsets.apps.kruise.io default/everywhere is still there');
    await center.kubectl(['delete', 'daemonsets.apps.kruise.io', 'everywhere']);
    const removed = await skerry('component', 'remove', 'openkruise');
    expect(removed.errors).toBe('');
    expect((await center.kubectl(['get', 'crd'])).output).not.toContain('kruise');
  });

  test('is installed in the cluster that is named', async () => {
    await skerry('cluster', 'create', 'uji');
    expect((await skerry('component', 'install', 'node-exporter', '--cluster', 'uji')).errors).toBe('');
    expect((await kubectl('uji', '-n', 'node-exporter', 'get', 'daemonset', 'node-exporter')).code).toBe(0);
    expect((await center.kubectl(['get', 'namespace', 'node-exporter'])).code).toBe(1);
  });
});

test("the center's own cluster can not be deleted", async () => {
  const refused = await skerry('cluster', 'delete', 'default', '--confirm', 'default');
  expect(refused.code).toBe(1);
  expect(refused.errors).toContain('goes only with the center');
});

test('what was done at length is listed, with what failed', async () => {
  const { output } = await skerry('task', 'list');
  expect(output).toMatch(/succeeded +\S+ +skerry:local-admin +Create cluster osaka/);
  expect(output).toMatch(
    /failed +\S+ +skerry:local-admin +Create cluster kyoto +ranges and port: .*overlaps/,
  );
  expect((await skerry('task', 'follow', 'none')).errors).toContain('there is no task none');
});

test('credentials of the management API are in no log', () => {
  const token = readFileSync(join(center.dataDirectory, 'run/management-admin-token'), 'utf8');
  expect(center.logs).not.toContain(token);
});
