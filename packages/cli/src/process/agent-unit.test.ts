import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { agentUnit } from './agent-unit.ts';

const runtimeEndpoint = 'unix:///run/containerd/containerd.sock';
const unit = agentUnit({
  command: [process.execPath, '/opt/sker ry/100%/skerry.mjs', 'agent', '--data-dir', '/srv/$data"\\'],
  runtimeEndpoint,
});

/** Key to value, of all sections. */
function settings(text: string): Record<string, string> {
  const lines = text.split('\n').filter((line) => line.includes('='));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

test('the agent is started again for ever, and containers outlive it', () => {
  expect(settings(unit)).toMatchObject({
    Restart: 'always',
    StartLimitIntervalSec: '0',
    KillMode: 'process',
    Delegate: 'yes',
    TasksMax: 'infinity',
    LimitNOFILE: '1048576',
    WantedBy: 'multi-user.target',
  });
});

test.each([
  [runtimeEndpoint, 'network-online.target containerd.service'],
  ['unix:///var/run/crio/crio.sock', 'network-online.target crio.service'],
  ['simulated', 'network-online.target'],
])('with %s it starts after %s', (endpoint, units) => {
  const { After, Wants } = settings(agentUnit({ command: ['/bin/true'], runtimeEndpoint: endpoint }));
  expect([After, Wants]).toEqual([units, units]);
});

test('words of the command stay what they are, whatever is in them', () => {
  expect(settings(unit)['ExecStart']).toBe(
    `${process.execPath} "/opt/sker ry/100%%/skerry.mjs" agent --data-dir "/srv/$$data\\"\\\\"`,
  );
});

const verify = (text: string) => {
  const folder = mkdtempSync(join(tmpdir(), 'skerry-unit-'));
  try {
    const file = join(folder, 'skerry-agent.service');
    writeFileSync(file, text);
    const { error, status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', file], {
      encoding: 'utf8',
    });
    return error ? undefined : { status, stderr };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;

test.skipIf(!hasSystemd)('systemd finds nothing wrong with it, and would with another', () => {
  expect(verify(unit)).toEqual({ status: 0, stderr: '' });
  expect(verify(unit.replace('KillMode=process', 'KillMode=proces'))?.stderr).toContain('kill mode');
});
