/** Stock kubectl against pods behind NAT: streams, and the verbs that people use all day. */
import { connect } from 'node:net';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Node, Pod } from '@skerry/api';
import { eventually } from '@skerry/base/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canRunContainers, Cluster, run } from '../support/cluster.ts';

const busybox = 'skerry.io/stand-in/busybox:1.35';
const regions = ['east', 'west'];
/** Ends on SIGTERM, so that nothing waits for its grace to pass. */
const politeSleep = ['sh', '-c', 'trap "exit 0" TERM; sleep 100000 & wait'];

describe.skipIf(!canRunContainers())('kubectl, for pods in every region', () => {
  let cluster: Cluster;
  const patient = { timeoutMs: 60_000, everyMs: 200 };

  beforeAll(async () => {
    cluster = await Cluster.start({ runtime: 'containerd', regions });
    for (const region of regions) {
      const spec = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: `web-${region}`, labels: { app: 'web' } },
        spec: {
          nodeSelector: { 'topology.kubernetes.io/region': region },
          terminationGracePeriodSeconds: 1,
          containers: [
            {
              name: 'web',
              image: busybox,
              stdin: true,
              command: [
                'sh',
                '-c',
                'mkdir /www; echo "page of $HOSTNAME" >/www/index.html; httpd -p 8080 -h /www; n=0; while :; do n=$((n+1)); echo line $n; sleep 1; done',
              ],
            },
          ],
        },
      };
      const applied = await cluster.kubectl(['apply', '-f', '-'], { input: JSON.stringify(spec) });
      expect(applied.errors).toBe('');
    }
    await cluster.kubectlOk('wait', '--for=condition=Ready', 'pod', '-l', 'app=web', '--timeout=120s');
  });

  afterAll(async () => {
    await cluster?.stop();
  });

  describe.each(regions)('in region %s', (region) => {
    const pod = `web-${region}`;

    test('logs -f follows', async () => {
      const child = cluster.spawnKubectl(['logs', '-f', pod]);
      let text = '';
      child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
      try {
        await eventually(() => expect(text).toMatch(/line 1\n/), patient);
        const seen = text.length;
        await eventually(() => expect(text.length).toBeGreaterThan(seen), patient);
      } finally {
        child.kill();
      }
    });

    test('logs has --tail, --since and --timestamps', async () => {
      expect((await cluster.kubectlOk('logs', pod, '--tail=2')).trim().split('\n')).toHaveLength(2);
      expect(await cluster.kubectlOk('logs', pod, '--tail=1', '--timestamps')).toMatch(
        /^\d{4}-\d\d-\d\dT\S+Z line \d+/,
      );
      const recent = (await cluster.kubectlOk('logs', pod, '--since=3s')).trim().split('\n');
      expect(recent.length).toBeLessThanOrEqual(5);
    });

    test('exec passes input, output, errors and the exit code', async () => {
      const result = await cluster.kubectl(
        ['exec', '-i', pod, '--', 'sh', '-c', 'cat; echo oops >&2; exit 7'],
        { input: 'through and back' },
      );
      expect(result.output).toBe('through and back');
      expect(result.errors).toContain('oops');
      expect(result.errors).toContain('command terminated with exit code 7');
      expect(result.code).toBe(7);
    });

    test('exec carries a megabyte each way unharmed', async () => {
      const sent = 'x'.repeat(1_000_000);
      const result = await cluster.kubectl(['exec', '-i', pod, '--', 'cat'], { input: sent });
      expect(result.output.length).toBe(sent.length);
    });

    test('exec -it gives a terminal', async () => {
      const command = [
        '-qec',
        `${process.env['KUBECTL'] ?? '.cache/bin/kubectl'} exec -it ${pod} -- sh -c 'test -t 0 && tty'`,
        '/dev/null',
      ];
      const result = await run('script', command, { env: cluster.environment, timeoutMs: 30_000 });
      expect(result.output).toMatch(/\/dev\/pts\/\d/);
    });

    test('attach shows what the container prints', async () => {
      const child = cluster.spawnKubectl(['attach', pod]);
      let text = '';
      child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
      try {
        await eventually(() => expect(text).toMatch(/line \d+/), patient);
      } finally {
        child.kill();
      }
    });

    test('port-forward reaches its port, twice', async () => {
      const child = cluster.spawnKubectl(['port-forward', `pod/${pod}`, ':8080']);
      let text = '';
      child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
      try {
        const port = await eventually(() => {
          const match = /127\.0\.0\.1:(\d+) -> 8080/.exec(text);
          expect(match).not.toBeNull();
          return Number(match?.[1]);
        }, patient);
        for (let round = 0; round < 2; round++) expect(await httpGet(port)).toContain(`page of ${pod}`);
      } finally {
        child.kill();
      }
    });

    test('the API server proxies to its port', async () => {
      expect(
        await cluster.kubectlOk('get', '--raw', `/api/v1/namespaces/default/pods/${pod}:8080/proxy/`),
      ).toContain(`page of ${pod}`);
    });

    test('cp goes in and out', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'skerry-cp-'));
      try {
        writeFileSync(join(folder, 'in'), 'carried');
        await cluster.kubectlOk('cp', join(folder, 'in'), `${pod}:/tmp/there`);
        await cluster.kubectlOk('cp', `${pod}:/tmp/there`, join(folder, 'out'));
        expect(readFileSync(join(folder, 'out'), 'utf8')).toBe('carried');
      } finally {
        rmSync(folder, { recursive: true });
      }
    });

    test('describe names events and node', async () => {
      const text = await cluster.kubectlOk('describe', 'pod', pod);
      expect(text).toContain(`Node:             ${region}-1/192.168.0.10`);
      expect(text).toMatch(/Normal +Scheduled .*Successfully assigned default\/web-/);
      expect(text).toMatch(/Normal +Started /);
    });
  });

  test("top's numbers for a node match the machine's", async () => {
    const node = await cluster.json<Node>('get', 'node', 'east-1');
    const memory = /^MemTotal: +(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1];
    expect(node.status?.capacity?.['memory']).toBe(`${memory}Ki`);
    const used = await eventually(async () => {
      const text = await cluster.kubectlOk('top', 'nodes', '--no-headers');
      const match = /^east-1 +(\d+)m +\d+% +(\d+)Mi/m.exec(text);
      expect(match).not.toBeNull();
      return Number(match?.[2]);
    }, patient);
    // The working set, as kubelets count it: all that is used but file pages that nobody has touched for a while.
    const facts = readFileSync('/proc/meminfo', 'utf8');
    const mi = (name: string) => Number(new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(facts)?.[1]) / 1024;
    const workingSetMi = mi('MemTotal') - mi('MemFree') - mi('Inactive\\(file\\)');
    expect(Math.abs(used - workingSetMi)).toBeLessThan(mi('MemTotal') * 0.15);
    await eventually(async () => {
      expect(await cluster.kubectlOk('top', 'pods', '--no-headers')).toMatch(/^web-east +\d+m +\d+Mi/m);
    }, patient);
  });

  test('get -w shows changes as they come', async () => {
    // A pod that no node takes: once it is shown, the watch stands, and nothing of the next one can be missed.
    const nowhere = { apiVersion: 'v1', spec: { nodeSelector: { nowhere: 'x' } } };
    const make = (name: string, ...more: string[]) =>
      cluster.kubectlOk('run', name, '-l', 'app=brief', `--image=${busybox}`, '--restart=Never', ...more);
    await make('early', `--overrides=${JSON.stringify(nowhere)}`, '--', 'sleep', '1');
    const child = cluster.spawnKubectl(['get', 'pods', '-w', '-l', 'app=brief']);
    let text = '';
    child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
    try {
      await eventually(() => expect(text).toMatch(/^early +0\/1 +Pending/m), patient);
      await make('brief', '--', 'sleep', '1');
      await eventually(() => {
        expect(text).toMatch(/^brief .*Pending[\s\S]*^brief .*Running[\s\S]*^brief .*Completed/m);
      }, patient);
    } finally {
      child.kill();
    }
    await cluster.kubectlOk('delete', 'pod', 'brief', 'early');
  });

  test('scale, wait, set image and delete move a Deployment', async () => {
    await cluster.kubectlOk(
      'create',
      'deployment',
      'sleepers',
      `--image=${busybox}`,
      '--replicas=2',
      '--',
      ...politeSleep,
    );
    await cluster.kubectlOk('wait', '--for=condition=Available', 'deployment/sleepers', '--timeout=60s');
    await cluster.kubectlOk('scale', 'deployment/sleepers', '--replicas=4');
    await cluster.kubectlOk('rollout', 'status', 'deployment/sleepers', '--timeout=60s');
    expect((await pods('app=sleepers')).length).toBe(4);
    await cluster.kubectlOk('delete', 'deployment', 'sleepers');
    await eventually(async () => expect(await pods('app=sleepers')).toEqual([]), {
      timeoutMs: 90_000,
      everyMs: 500,
    });
  });

  test('cordon, drain, uncordon and taint move pods between regions', async () => {
    await cluster.kubectlOk(
      'create',
      'deployment',
      'movers',
      `--image=${busybox}`,
      '--replicas=2',
      '--',
      ...politeSleep,
    );
    await cluster.kubectlOk('rollout', 'status', 'deployment/movers', '--timeout=60s');
    await cluster.kubectlOk('cordon', 'east-1');
    expect(await cluster.kubectlOk('get', 'node', 'east-1')).toContain('Ready,SchedulingDisabled');
    await cluster.kubectlOk('drain', 'east-1', '--force', '--ignore-daemonsets', '--timeout=90s');
    await eventually(async () => {
      const running = (await pods('app=movers')).filter(({ status }) => status?.phase === 'Running');
      expect(running.map(({ spec }) => spec?.nodeName)).toEqual(['west-1', 'west-1']);
    }, patient);
    await cluster.kubectlOk('uncordon', 'east-1');
    await cluster.kubectlOk('taint', 'node', 'west-1', 'site=closed:NoExecute');
    await eventually(async () => {
      const running = (await pods('app=movers')).filter(
        ({ status, metadata }) => status?.phase === 'Running' && !metadata?.deletionTimestamp,
      );
      expect(running.map(({ spec }) => spec?.nodeName)).toEqual(['east-1', 'east-1']);
    }, patient);
    await cluster.kubectlOk('taint', 'node', 'west-1', 'site-');
    await cluster.kubectlOk('delete', 'deployment', 'movers');
  });

  test('explain, api-resources, auth can-i and create token answer as on any cluster', async () => {
    expect(await cluster.kubectlOk('explain', 'daemonset.spec.updateStrategy.rollingUpdate')).toMatch(
      /maxUnavailable\s+<IntOrString>/,
    );
    expect(await cluster.kubectlOk('api-resources', '--api-group=apps.openyurt.io')).toMatch(
      /nodepools +np +apps\.openyurt\.io\/v1beta2 +false +NodePool/,
    );
    expect(
      (await cluster.kubectl(['auth', 'can-i', 'list', 'secrets', '--as', 'nobody'])).output.trim(),
    ).toBe('no');
    expect((await cluster.kubectlOk('create', 'token', 'default')).split('.')).toHaveLength(3);
  });

  async function pods(selector: string): Promise<Pod[]> {
    return (await cluster.json<{ items: Pod[] }>('get', 'pods', '-l', selector)).items;
  }
});

function httpGet(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    let text = '';
    socket.on('connect', () => socket.write('GET / HTTP/1.0\r\n\r\n'));
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('end', () => resolve(text));
    socket.on('error', reject);
    socket.setTimeout(20_000, () => socket.destroy(new Error('no answer in 20 s')));
  });
}
