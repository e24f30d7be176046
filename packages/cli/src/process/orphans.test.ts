import { expect, test } from 'vitest';
import { isAgentOf, isOrphan } from './orphans.ts';

const data = '/var/lib/skerry';

test.each([
  ['the API server of the folder', ['/usr/bin/node', 'main.ts', 'serve-api', '--data-dir', data], true],
  ['an agent of a machine in it', ['node', 'main.ts', 'agent', '--data-dir', `${data}/machines/a-1`], true],
  [
    'a device plugin of a machine in it',
    ['node', 'main.ts', 'sample-device-plugin', '--kubelet-dir', `${data}/machines/a-1/kubelet`],
    true,
  ],
  ['the agent that systemd runs on the folder', ['node', 'main.ts', 'agent', '--data-dir', data], false],
  ['the API server of another folder', ['node', 'main.ts', 'serve-api', '--data-dir', `${data}2`], false],
  ['a shim', ['/usr/bin/containerd-shim-runc-v2', '-address', `${data}/machines/a-1/containerd.sock`], false],
  ['an editor with a file of it', ['vi', 'agent', `${data}/machines/a-1/agent.yaml`], false],
])('%s: %j counts as an orphan: %s', (_what, words, expected) => {
  expect(isOrphan(words, data)).toBe(expected);
});

test.each([
  ['with the folder as a word of its own', ['node', 'main.ts', 'agent', '--data-dir', data], true],
  ['with the folder in the flag', ['node', 'main.ts', 'agent', `--data-dir=${data}`], true],
  ['on the usual folder', ['/usr/bin/node', 'main.ts', 'agent'], true],
  ['of another folder', ['node', 'main.ts', 'agent', '--data-dir', `${data}/machines/a-1`], false],
  ['that is none', ['node', 'main.ts', 'join', '--data-dir', data], false],
])('an agent %s: %j counts as that of the machine: %s', (_what, words, expected) => {
  expect(isAgentOf(words, data)).toBe(expected);
});
