import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ContainerPort } from '@skerry/api';
import { eventually } from '@skerry/base/testing';
import { runCommand } from '#machine/command.ts';
import { podTable } from '#network/pod-rules.ts';
import { AgentNode, script, testImages } from '#testing/agent-node.ts';
import { canRunContainers } from '#testing/containerd-node.ts';

const { first: image } = testImages;

describe.skipIf(!(await canRunContainers()))('ports and addresses of a node', () => {
  let node: AgentNode;
  let outside: string;
  let listener: ChildProcess;

  beforeAll(async () => {
    node = await AgentNode.start();
    // A neighbour of the machine, which knows no way to the machine's pods.
    const machine = node.node.networkNamespace.split('/').at(-1) ?? '';
    outside = `${machine}o`;
    await runCommand('ip', ['netns', 'add', outside]);
    const ip = (namespace: string, text: string) => runCommand('ip', ['-n', namespace, ...text.split(' ')]);
    await ip(machine, `link add wire type veth peer name wire netns ${outside}`);
    await ip(machine, 'address add 10.88.0.1/24 dev wire');
    await ip(machine, 'link set wire up');
    await ip(outside, 'address add 10.88.0.2/24 dev wire');
    await ip(outside, 'link set wire up');
    const serve = 'while :; do echo outside | busybox nc -l -p 9000; done';
    listener = spawn('nsenter', [`--net=/run/netns/${outside}`, 'busybox', 'sh', '-c', serve], {
      detached: true,
      stdio: 'ignore',
    });
    const listening = {
      name: 'listening',
      image,
      command: script('while :; do echo hello | nc -l -p 80; done'),
    };
    const publish = (name: string, ports: Partial<ContainerPort>[]) =>
      node.create(name, {
        containers: [{ ...listening, ports: ports.map((port) => ({ containerPort: 80, ...port })) }],
      });
    publish('web', [{ hostPort: 8080 }, { hostPort: 8081, hostIP: '127.0.0.1' }]);
    node.create('client', { containers: [{ name: 'main', image, command: ['sleep', '1000'] }] });
    await node.podReady('web');
    await node.podReady('client');
  });

  afterAll(async () => {
    if (listener?.pid !== undefined) {
      process.kill(-listener.pid, 'SIGKILL');
      await once(listener, 'exit');
    }
    await runCommand('ip', ['netns', 'delete', outside]);
    expect(await node.close()).toEqual([]);
  });

  const inNamespace = (namespace: string, address: string, port: number) =>
    runCommand('nsenter', [`--net=${namespace}`, 'busybox', 'nc', '-w', '2', address, String(port)]).catch(
      () => '',
    );
  const fromOutside = (address: string, port: number) => inNamespace(`/run/netns/${outside}`, address, port);
  const fromMachine = (address: string, port: number) =>
    inNamespace(node.node.networkNamespace, address, port);
  const fromPod = (name: string, address: string, port: number) =>
    node.execIn(name, script(`nc -w 2 ${address} ${port} < /dev/null`)).catch(() => '');

  test('a host port leads to its pod from outside, from the machine, from other pods and from itself', async () => {
    const patient = { timeoutMs: 20_000 };
    await eventually(async () => expect(await fromOutside('10.88.0.1', 8080)).toBe('hello\n'), patient);
    await eventually(async () => expect(await fromMachine('10.88.0.1', 8080)).toBe('hello\n'), patient);
    await eventually(async () => expect(await fromMachine('127.0.0.1', 8080)).toBe('hello\n'), patient);
    await eventually(async () => expect(await fromPod('client', '10.88.0.1', 8080)).toBe('hello\n'), patient);
    await eventually(async () => expect(await fromPod('web', '10.88.0.1', 8080)).toBe('hello\n'), patient);
  });

  test('one that is bound to an address is open only there', async () => {
    await eventually(async () => expect(await fromMachine('127.0.0.1', 8081)).toBe('hello\n'));
    expect(await fromOutside('10.88.0.1', 8081)).toBe('');
  });

  test('pods reach beyond their node under its address', async () => {
    await eventually(async () => expect(await fromPod('client', '10.88.0.2', 9000)).toBe('outside\n'));
  });

  test('host ports stay while the agent starts again, and close with their pod', async () => {
    await node.stopAgent();
    await eventually(async () => expect(await fromOutside('10.88.0.1', 8080)).toBe('hello\n'));
    node.startAgent();
    await eventually(() => expect(node.agent.pods.list()).toHaveLength(2));
    await eventually(async () => expect(await fromOutside('10.88.0.1', 8080)).toBe('hello\n'));
    await node.remove('web');
    expect(await fromOutside('10.88.0.1', 8080)).toBe('');
    const rules = await runCommand('nsenter', [
      `--net=${node.node.networkNamespace}`,
      'nft',
      'list',
      'table',
      'ip',
      podTable,
    ]);
    expect(rules).not.toContain('dnat to');
    expect(rules).toContain('masquerade');
  });
});
