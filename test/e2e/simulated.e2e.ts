/** What needs neither root nor containers: a whole cluster of simulated machines, and many simulated nodes in one process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Node, Pod } from '@skerry/api';
import { systemClock } from '@skerry/base';
import { eventually } from '@skerry/base/testing';
import { linkProtocol } from '@skerry/link';
import { describeCertificate, isKeyOf, openCertificateAuthority } from '@skerry/pki';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Center } from '../support/center.ts';
import { Cluster, entry, leftovers, root } from '../support/cluster.ts';
import { Line } from '../support/line.ts';

const patient = { timeoutMs: 90_000, everyMs: 200 };

describe('a simulated cluster', () => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await Cluster.start({ runtime: 'simulated', regions: ['east', 'west'] });
  });

  afterAll(async () => {
    await cluster?.stop();
  });

  test('says plainly that pods have no processes', () => {
    expect(cluster.output).toMatch(/! .*pods are simulated: they "run" without processes/);
    expect(cluster.output).not.toContain('network between center and regions');
  });

  test('marks its nodes, and runs an agent on each of them', async () => {
    const { items } = await cluster.json<{ items: Node[] }>('get', 'nodes', '-l', 'skerry.io/simulated=true');
    expect(items.map(({ metadata }) => metadata.name)).toEqual(['east-1', 'west-1']);
    expect(items[0]?.status?.nodeInfo?.containerRuntimeVersion).toMatch(/^simulated:/);
    await cluster.kubectlOk('apply', '-f', join(root, 'examples/agent-daemonset.yaml'));
    await cluster.kubectlOk('rollout', 'status', 'daemonset/fleet-agent', '--timeout=60s');
    const pods = await cluster.json<{ items: Pod[] }>('get', 'pods', '-l', 'app=fleet-agent');
    const places = pods.items.map(({ spec }) => spec?.nodeName ?? '');
    expect(new Set(places)).toEqual(new Set(['east-1', 'west-1']));
    expect(pods.items[0]?.status?.containerStatuses?.[0]?.containerID).toMatch(/^simulated:\/\//);
  });

  test('takes another machine, and keeps all when it is started again', async () => {
    const add = (...flags: string[]) =>
      cluster.skerry(['up', 'machine', 'add', ...flags, '--data-dir', cluster.dataDirectory]);
    const nowhere = await add('north-1', '--region', 'north');
    expect(nowhere.code).toBe(1);
    expect(nowhere.errors).toContain('node pool north does not exist');
    const added = await add('east-2', '--region', 'east');
    expect(added.errors).toBe('');
    expect(added.code).toBe(0);
    await cluster.pause();
    expect(leftovers(cluster.dataDirectory, 'none')).toEqual([]);
    await cluster.resume();
    await eventually(async () => {
      const nodes = await cluster.kubectlOk('get', 'nodes', '--no-headers');
      expect(nodes.match(/ Ready /g)).toHaveLength(3);
    }, patient);
  });

  test('is not mistaken for one of containers', async () => {
    await cluster.pause();
    const result = await cluster.skerry(['reset', '--yes', '--data-dir', cluster.dataDirectory]);
    expect(result.code).toBe(0);
    expect(existsSync(cluster.dataDirectory)).toBe(false);
  });
});

describe('skerry sim', () => {
  const nodes = 50;
  const directory = mkdtempSync(join(tmpdir(), 'skerry-sim-'));
  let center: Center;
  let sim: ChildProcess | undefined;
  let output = '';

  const start = async () => {
    output = '';
    const flags = ['--nodes', String(nodes), '--regions', 'a,b', '--token-file', join(directory, 'token')];
    sim = spawn(process.execPath, [entry(), 'sim', center.address, ...flags, '--data-dir', directory], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1' },
    });
    sim.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
    sim.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
    await eventually(() => expect(output).toContain(`${nodes} of ${nodes}`), patient);
  };
  const stop = async () => {
    const child = sim;
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode;
    const ended = new Promise<number | null>((resolve) => child.on('exit', resolve));
    child.kill('SIGINT');
    return ended;
  };
  const kubectl = async (...args: string[]) => {
    const result = await center.kubectl(args);
    if (result.code !== 0) throw new Error(result.errors);
    return result.output;
  };
  const readyNodes = async () =>
    ((await kubectl('get', 'nodes', '--no-headers')).match(/ Ready /g) ?? []).length;

  beforeAll(async () => {
    center = await Center.start();
    const token = await center.skerry(['token', 'create', '--data-dir', center.dataDirectory]);
    if (token.code !== 0) throw new Error(token.errors);
    writeFileSync(join(directory, 'token'), token.output.trim(), { mode: 0o600 });
  });

  afterAll(async () => {
    await stop();
    await center?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  test('joins many nodes, which get Ready and run an agent each', async () => {
    await start();
    await eventually(async () => expect(await readyNodes()).toBe(nodes), patient);
    await kubectl('apply', '-f', join(root, 'examples/agent-daemonset.yaml'));
    await kubectl('rollout', 'status', 'daemonset/fleet-agent', '--timeout=90s');
    const labels = await kubectl(
      'get',
      'nodes',
      '-l',
      'skerry.io/simulated=true,topology.kubernetes.io/region=b',
      '-o',
      'name',
    );
    expect(labels.trim().split('\n')).toHaveLength(nodes / 2);
  });

  test('ends within seconds, and has the same nodes when it is started again', async () => {
    const startedMs = performance.now();
    expect(await stop()).toBe(0);
    expect(performance.now() - startedMs).toBeLessThan(5_000);
    await start();
    await eventually(async () => expect(await readyNodes()).toBe(nodes), patient);
    expect((await kubectl('get', 'nodes', '--no-headers')).trim().split('\n')).toHaveLength(nodes);
  });

  test('a node gets its link through a balancer that breaks what it does not know', async () => {
    const balancer = await Line.to(center.port, { unknown: linkProtocol });
    const behind = startOne('behind', balancer.port);
    try {
      await eventually(() => isLinked('behind-0'), patient);
    } finally {
      behind.kill('SIGKILL');
      balancer.close();
    }
  });

  test('a node whose certificate ended while it was away renews it, for the same key, and has its link again', async () => {
    const before = startOne('away', center.port);
    await eventually(() => isLinked('away-0'), patient);
    before.kill('SIGKILL');
    const file = join(directory, 'away/sim/away-0/agent/client.crt');
    const keyPem = readFileSync(join(dirname(file), 'client.key'), 'utf8');
    const authority = openCertificateAuthority({
      certificatePem: center.file('server/pki/ca.crt'),
      keyPem: center.file('server/pki/ca.key'),
      clock: systemClock,
    });
    const short = { user: 'system:node:away-0', groups: ['system:nodes'], validityMs: 1_000 };
    const { certificatePem } = await authority.issueClientCertificate({ ...short, keyPem });
    writeFileSync(file, certificatePem);
    const endOf = (pem: string) => describeCertificate(pem).notAfterMs;
    await eventually(() => expect(Date.now()).toBeGreaterThan(endOf(certificatePem)), patient);
    const after = startOne('away', center.port);
    try {
      await eventually(() => {
        const renewed = readFileSync(file, 'utf8');
        expect(endOf(renewed)).toBeGreaterThan(Date.now());
        expect(isKeyOf(renewed, keyPem)).toBe(true);
      }, patient);
      await eventually(() => isLinked('away-0'), patient);
    } finally {
      after.kill('SIGKILL');
    }
  });

  /** One more node, by another way to the center. */
  function startOne(name: string, port: number): ChildProcess {
    const flags = ['--nodes', '1', '--name-prefix', name, '--token-file', join(directory, 'token')];
    const where = [`127.0.0.1:${port}`, '--data-dir', join(directory, name)];
    return spawn(process.execPath, [entry(), 'sim', ...where, ...flags], { stdio: 'ignore' });
  }

  async function isLinked(node: string): Promise<void> {
    const link = JSON.parse(await kubectl('get', 'nodelink', node, '-o', 'json')) as LinkObject;
    expect(link.status.state).toBe('Linked');
    expect(await kubectl('get', 'node', node, '--no-headers')).toMatch(/ Ready /);
  }
});

interface LinkObject {
  readonly status: { readonly state: string };
}
