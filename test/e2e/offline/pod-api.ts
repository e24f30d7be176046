/** The API as a pod of the region has it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@skerry/base/testing';
import { expect, onTestFinished } from 'vitest';
import { type CommandResult, kubectlProgram, run } from '../../support/cluster.ts';
import { type CutRegion, patient } from './cut-region.ts';
import { processes } from './power.ts';

const word = ['get', 'configmap', 'settings', '-o', 'jsonpath={.metadata.name}'];
const others = [
  ['get', 'secrets', '--namespace', 'kube-system'],
  ['get', 'secret', 'password'],
  ['get', 'nodes'],
];

/** The API as a pod has it, under its own token, while there is a line. */
export async function isServedTo(region: CutRegion, name: string): Promise<void> {
  const pod = await podKubectl(region, name);
  await eventually(async () => expect(await pod(word)).toMatchObject({ output: 'settings' }), patient);
  expect((await pod(['get', 'configmaps'])).output).toContain('settings');
  expect(await pod(['exec', name, '--', 'echo', 'hello'])).toMatchObject({ code: 0, output: 'hello\n' });
  for (const each of others) expect((await pod(each)).errors).toContain('Forbidden');
}

/** The same without a line: what was read can be read, nothing else can, and nothing can be changed. */
export async function isServedFromDiskTo(region: CutRegion, name: string): Promise<void> {
  const pod = await podKubectl(region, name);
  await eventually(
    async () => expect(await pod(word)).toMatchObject({ code: 0, output: 'settings' }),
    patient,
  );
  expect((await pod(['get', 'configmaps'])).output).toContain('settings');
  for (const each of others) expect((await pod(each)).errors).toContain('Forbidden');
  expect((await pod(word, { token: 'nonsense' })).code).not.toBe(0);
  const refused = await pod(['create', 'configmap', 'meanwhile']);
  expect(refused.errors).toContain('this node is cut off from the cluster');
}

/** Stock kubectl in the network of a pod, with what the pod has to ask the API with. */
async function podKubectl(region: CutRegion, name: string) {
  const folder = '/var/run/secrets/kubernetes.io/serviceaccount';
  const own = await region.inside(name, `${folder}/token`);
  const directory = mkdtempSync(join(tmpdir(), 'skerry-pod-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  writeFileSync(join(directory, 'ca.crt'), await region.inside(name, `${folder}/ca.crt`));
  const [process] = processes().filter(({ command }) => command.includes(`: this is ${name};`));
  const environment = readFileSync(`/proc/${process?.pid}/environ`, 'utf8').split('\0');
  const valueOf = (variable: string) =>
    environment.find((line) => line.startsWith(`${variable}=`))?.slice(variable.length + 1);
  const server = `https://${valueOf('KUBERNETES_SERVICE_HOST')}:${valueOf('KUBERNETES_SERVICE_PORT')}`;
  return (args: readonly string[], { token = own } = {}): Promise<CommandResult> => {
    const net = ['--target', String(process?.pid), '--net', '--'];
    const flags = [
      '--server',
      server,
      '--token',
      token,
      '--certificate-authority',
      join(directory, 'ca.crt'),
    ];
    const command = [...net, kubectlProgram, ...flags, '--namespace', 'default', ...args];
    return run('nsenter', command, {
      env: { PATH: '/usr/bin:/usr/sbin', HOME: directory, KUBECONFIG: '/dev/null' },
    });
  };
}
