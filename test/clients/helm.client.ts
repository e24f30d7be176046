/** Helm 3 and Helm 4 on a real center with simulated nodes: a release through its whole life. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from '../support/cluster.ts';
import { ClientCenter } from './client-center.ts';
import { chart } from './helm-chart.ts';
import { Session } from './kubectl-session.ts';

const helms = [
  { name: 'helm-3', applies: [] },
  { name: 'helm-4', applies: ['--server-side=false'] },
  { name: 'helm-4', applies: ['--server-side=true'] },
].map((helm) => ({ ...helm, program: join(root, '.cache/bin', helm.name) }));

let cluster: ClientCenter;

beforeAll(async () => {
  cluster = await ClientCenter.start({ nodes: 1 });
});

afterAll(async () => {
  await cluster?.stop();
});

describe.each(helms)('$name $applies', ({ name, program, applies }) => {
  test.skipIf(!existsSync(program))('installs, upgrades, rolls back and uninstalls', async () => {
    const session = await Session.start(cluster.center, `${name}${applies.join('').replace(/\W+/g, '-')}`);
    const helm = async (...args: string[]) => {
      const { code, output, errors } = await session.run(program, args);
      expect(code, `$ helm ${args.join(' ')}\n${output}${errors}`).toBe(0);
      return output;
    };
    const failing = async (...args: string[]) => {
      const { code, output, errors } = await session.run(program, args);
      expect(code, `$ helm ${args.join(' ')}\n${output}${errors}`).toBe(1);
      return `${output}${errors}`;
    };
    const read = (path: string, what: string) => session.ok('get', what, '-o', `jsonpath={${path}}`);
    try {
      session.write(chart);
      expect(await helm('install', 'shop', 'shop', '--wait', '--timeout=60s', ...applies)).toMatch(
        /^STATUS: deployed\nREVISION: 1$/m,
      );
      expect(await read('.status.readyReplicas', 'deployment/web')).toBe('1');
      expect(await read('.spec.color', 'order/first')).toBe('red');
      // The one before stays until the next, the one after went when it had succeeded.
      expect(await session.ok('get', 'jobs', '-o', 'name')).toBe('job.batch/migrate\n');
      expect(await read('.status.succeeded', 'job/migrate')).toBe('1');
      expect(await helm('test', 'shop', '--timeout=60s')).toMatch(
        /^TEST SUITE: +reachable$[^]*^Phase: +Succeeded$/m,
      );
      expect(await read('.status.phase', 'pod/reachable')).toBe('Succeeded');
      expect(await helm('list')).toMatch(/^shop\s+\S+\s+1\s.*deployed\s+shop-0\.1\.0\s+1\s*$/m);
      expect(await helm('status', 'shop')).toContain('STATUS: deployed');

      await helm(
        'upgrade',
        'shop',
        'shop',
        '--set=color=blue,replicas=2',
        '--wait',
        '--timeout=60s',
        ...applies,
      );
      expect(await read('.status.readyReplicas', 'deployment/web')).toBe('2');
      expect(await read('.data.color', 'cm/settings')).toBe('blue');
      expect(await read('.spec.color', 'order/first')).toBe('blue');
      expect(await read('.data.revision', 'cm/before')).toBe('2');
      expect(await helm('get', 'manifest', 'shop')).toMatch(/^data: \{color: blue\}$/m);
      expect(await helm('get', 'values', 'shop')).toMatch(/^color: blue$/m);

      await helm('rollback', 'shop', '1', '--wait', '--timeout=60s');
      expect(await read('.data.color', 'cm/settings')).toBe('red');
      expect(await helm('history', 'shop')).toMatch(
        /^1\s.*superseded[^]*^2\s.*superseded[^]*^3\s.*deployed .*Rollback to 1/m,
      );
      expect(await failing('upgrade', 'shop', 'shop', '--set=exitCodes.migrate=3', '--timeout=60s')).toMatch(
        /UPGRADE FAILED: pre-upgrade hooks failed:[^]*migrate/,
      );
      expect(await read('.status.failed', 'job/migrate')).toBe('1');
      expect(await read('.data.color', 'cm/settings')).toBe('red');
      await helm('upgrade', 'shop', 'shop', '--set=exitCodes.reachable=1', '--timeout=60s', ...applies);
      expect(await read('.status.succeeded', 'job/migrate')).toBe('1');
      expect(await failing('test', 'shop', '--timeout=60s')).toContain('pod reachable failed');

      expect(await helm('uninstall', 'shop', '--wait')).toContain('release "shop" uninstalled');
      expect(await session.ok('get', 'deploy,svc,order', '-o', 'name')).toBe('');
      expect(await helm('list')).not.toContain('shop-0.1.0');

      const rendered = await helm('template', 'shop', 'shop');
      const applied = await session.kubectl(['apply', '-f', '-'], { input: rendered });
      expect(applied.output).toMatch(/^order\.shop\.example\.org\/first created$/m);
    } finally {
      await session.end();
    }
  });
});
