/**
 * Both examples, start to end, on a cluster of its own: every command is printed with its output, and the exit code is 0
 * only when every expected line came.
 *
 * Example 1: one agent on every machine of three regions, upgraded and taken back; a machine that joins gets it by itself.
 * Example 2: an inference service waits for a GPU that no region has, until a machine of another region brings one.
 */
import { join } from 'node:path';
import { canRunContainers, Cluster, root } from '../support/cluster.ts';
import { scriptOptions } from '../../tools/script-options.ts';
import { Script } from './script.ts';

const example = (name: string) => join(root, 'examples', name);

async function fleetAgent(script: Script): Promise<void> {
  script.heading('Example 1: an agent in every region');
  await script.expect(
    ['get', 'nodes', '-L', 'apps.openyurt.io/nodepool'],
    [
      /^beijing-1 +Ready .* beijing$/m,
      /^shanghai-1 +Ready .* shanghai$/m,
      /^zhangjiakou-1 +Ready .* zhangjiakou$/m,
    ],
  );
  await script.expect(['get', 'nodepools'], [/^beijing /m, /^shanghai /m, /^zhangjiakou /m]);
  await script.expect(
    ['apply', '-f', example('agent-daemonset.yaml')],
    [/^daemonset\.apps\/fleet-agent created$/m],
  );
  await script.expect(
    ['rollout', 'status', 'daemonset/fleet-agent', '--timeout=120s'],
    [/daemon set "fleet-agent" successfully rolled out/],
  );
  await script.expect(['get', 'daemonset', 'fleet-agent'], [/^fleet-agent +3 +3 +3 +3 +3 /m]);
  await script.expect(
    ['get', 'pods', '-o', 'wide', '-l', 'app=fleet-agent'],
    [/1\/1 +Running .* beijing-1 /, /1\/1 +Running .* shanghai-1 /, /1\/1 +Running .* zhangjiakou-1 /],
  );
  await script.expect(
    ['logs', '-l', 'app=fleet-agent', '--tail=1', '--prefix'],
    [/agent 1\.0 on beijing-1/, /agent 1\.0 on shanghai-1/, /agent 1\.0 on zhangjiakou-1/],
  );

  script.heading('Upgrade, look back, go back');
  await script.expect(
    ['set', 'image', 'daemonset/fleet-agent', 'agent=skerry.io/stand-in/fleet-agent:1.1'],
    [/image updated/],
  );
  await script.expect(
    ['rollout', 'status', 'daemonset/fleet-agent', '--timeout=180s'],
    [/successfully rolled out/],
  );
  await script.expect(
    [
      'get',
      'pods',
      '-l',
      'app=fleet-agent',
      '-o',
      'custom-columns=NODE:.spec.nodeName,IMAGE:.spec.containers[0].image',
    ],
    [/beijing-1 +\S+:1\.1$/m, /shanghai-1 +\S+:1\.1$/m, /zhangjiakou-1 +\S+:1\.1$/m],
  );
  await script.expect(['rollout', 'history', 'daemonset/fleet-agent'], [/^1 /m, /^2 /m]);
  await script.expect(
    ['rollout', 'undo', 'daemonset/fleet-agent'],
    [/daemonset\.apps\/fleet-agent rolled back/],
  );
  await script.expect(
    ['rollout', 'status', 'daemonset/fleet-agent', '--timeout=180s'],
    [/successfully rolled out/],
  );
  await script.expect(['get', 'daemonset', 'fleet-agent', '-o', 'wide'], [/fleet-agent:1\.0 /]);

  script.heading('A fourth machine gets the agent by itself');
  await script.skerry(
    ['up', 'machine', 'add', 'shanghai-2', '--region', 'shanghai'],
    [/^shanghai-2 +shanghai +shanghai /m],
  );
  await script.expect(
    ['wait', '--for=condition=Ready', 'node/shanghai-2', '--timeout=120s'],
    [/condition met/],
  );
  await script.expect(
    ['rollout', 'status', 'daemonset/fleet-agent', '--timeout=120s'],
    [/successfully rolled out/],
  );
  await script.expect(['get', 'daemonset', 'fleet-agent'], [/^fleet-agent +4 +4 +4 +4 +4 /m]);
}

async function gpuAcrossRegions(script: Script): Promise<void> {
  script.heading('Example 2: a GPU from another region');
  await script.expect(
    ['apply', '-f', example('tensorflow-mnist.yaml')],
    [/^deployment\.apps\/tensorflow-mnist created$/m],
  );
  await script.expect(
    ['get', 'pods', '-l', 'app=tensorflow-mnist'],
    [/^tensorflow-mnist-\S+ +0\/1 +Pending +0 /m],
  );
  const name = await script.capture([
    'get',
    'pods',
    '-l',
    'app=tensorflow-mnist',
    '-o',
    'jsonpath={.items[0].metadata.name}',
  ]);
  await script.expect(
    ['describe', 'pod', name],
    [/FailedScheduling.*0\/4 nodes are available: 4 Insufficient nvidia\.com\/gpu\./],
  );

  script.heading('A pool in another region, and a machine with a GPU');
  await script.expect(
    ['apply', '-f', example('gpu-node-pool.yaml')],
    [/nodepool\.apps\.openyurt\.io\/guangzhou created/],
  );
  await script.skerry(
    [
      'up',
      'machine',
      'add',
      'guangzhou-gpu-1',
      '--region',
      'guangzhou',
      '--pool',
      'guangzhou',
      '--gpus',
      '1',
    ],
    [/^guangzhou-gpu-1 +guangzhou +guangzhou +1$/m],
  );
  await script.expect(
    ['get', 'nodes'],
    [/^NAME +STATUS +ROLES +AGE +VERSION$/m, /^guangzhou-gpu-1 +Ready +<none> /m],
  );
  await script.expect(['wait', '--for=condition=Ready', `pod/${name}`, '--timeout=120s'], [/condition met/]);
  await script.expect(
    ['get', 'pods', '-owide', '-l', 'app=tensorflow-mnist'],
    [
      new RegExp(
        `^${name} +1/1 +Running +0 +\\S+ +10\\.12\\.\\d+\\.\\d+ +guangzhou-gpu-1 +<none> +<none>`,
        'm',
      ),
    ],
  );
  await script.expect(['logs', name, '--tail=3'], [/stand-in|Accuracy/]);
  await script.expect(
    ['get', 'events', '--field-selector', `involvedObject.name=${name}`],
    [/Scheduled.*Successfully assigned default\/tensorflow-mnist-\S+ to guangzhou-gpu-1/],
  );
}

scriptOptions(
  'usage: npm run demo\n\n  Both examples on a cluster of its own; needs root for real containers.',
  {},
);

const runtime = canRunContainers() ? 'containerd' : 'simulated';
const cluster = await Cluster.start({ runtime, onOutput: (text) => process.stdout.write(text) });
const script = new Script(cluster, (text) => process.stdout.write(text));
try {
  await fleetAgent(script);
  await gpuAcrossRegions(script);
} finally {
  await cluster.stop();
}
process.stdout.write(
  script.missing.length === 0
    ? `\nEvery expected line came (${script.checked} of ${script.checked}).\n`
    : `\nMissing: ${script.missing.length} of ${script.checked}\n${script.missing.map((line) => `  ${line}`).join('\n')}\n`,
);
process.exitCode = script.missing.length === 0 ? 0 : 1;
