/**
 * The images that the examples name, made from busybox where no registry is in reach. Each carries the label
 * `io.skerry.stand-in` and says in its own log that it stands in for the real one.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { busyboxImage, type ImageSpec, pauseImage, writeImageArchive } from '@skerry/agent';

export const pauseReference = 'registry.k8s.io/pause:3.10';
export const busyboxReference = 'skerry.io/stand-in/busybox:1.35';

const agentVersions = ['1.0', '1.1', '1.2'];

/** Keeps a version's file while it runs, tells what it sees, ends at once on SIGTERM. */
const agentScript = `#!/bin/sh
trap 'rm -f /run/agent.ready; echo "agent $AGENT_VERSION stops"; exit 0' TERM
echo "agent $AGENT_VERSION (stand-in) starts on \${NODE_NAME:-$(hostname)}"
touch /run/agent.ready
n=0
while :; do
  n=$((n+1)); echo "agent $AGENT_VERSION on \${NODE_NAME:-$(hostname)}: heartbeat $n"
  sleep 5 & wait $!
done
`;

/** Answers to `python`: prints steps as the training program would, and serves a page on port 8500. */
const pythonScript = `#!/bin/sh
trap 'exit 0' TERM
echo "stand-in for tensorflow-mnist-sample: no GPU work is done"
echo "command: python $*"
mkdir -p /tmp/www && echo "tensorflow-mnist stand-in" > /tmp/www/index.html
httpd -p 8500 -h /tmp/www
step=0
while :; do
  echo "Accuracy at step $step: 0.$((900 + step % 90))"; step=$((step+10))
  sleep 2 & wait $!
done
`;

/** Writes all archives into a new folder and hands their paths to `use`; the folder is gone afterwards. */
export async function withStandInArchives<T>(use: (archives: readonly string[]) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'skerry-images-'));
  try {
    const archives: string[] = [];
    for (const spec of await standInImages()) {
      const file = join(folder, `${archives.length}.tar`);
      await writeImageArchive(file, spec);
      archives.push(file);
    }
    return await use(archives);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function standInImages(): Promise<ImageSpec[]> {
  const script = (path: string, text: string) =>
    ({ type: 'file', path, mode: 0o755, content: Buffer.from(text) }) as const;
  const agents = agentVersions.map((version) =>
    busyboxImage(
      {
        reference: `skerry.io/stand-in/fleet-agent:${version}`,
        entrypoint: ['/usr/bin/fleet-agent'],
        environment: { AGENT_VERSION: version },
      },
      { files: [directory('run'), script('usr/bin/fleet-agent', agentScript)] },
    ),
  );
  return Promise.all([
    pauseImage(pauseReference),
    busyboxImage({ reference: busyboxReference, command: ['sh'] }),
    ...agents,
    busyboxImage(
      { reference: 'registry.cn-beijing.aliyuncs.com/acs/tensorflow-mnist-sample:v1.5' },
      { files: [script('usr/bin/python', pythonScript)] },
    ),
  ]);
}

function directory(path: string) {
  return { type: 'directory', path, mode: 0o755 } as const;
}
