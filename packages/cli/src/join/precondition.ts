/** What must hold on the machine before the cluster is asked for anything. Each refusal says what to do. */
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, resolve } from 'node:path';
import { SkerryError } from '@skerry/base';
import { agentFiles } from '#join/agent-config.ts';

/** What the machine is, as Node reports it. */
export interface MachineSystem {
  readonly platform: string;
  readonly architecture: string;
}

const architectures = new Set(['x64', 'arm64']);
const runtimeTimeoutMs = 5_000;

export function requireSystem({ platform, architecture }: MachineSystem): void {
  if (platform === 'linux' && architectures.has(architecture)) return;
  const what = platform === 'linux' ? `linux/${architecture}` : platform;
  throw new SkerryError(
    'system-unsupported',
    `The os ${what} unsupport: a node needs Linux on amd64 or arm64; this machine can still run the center and kubectl`,
  );
}

/** Lower-case letters, digits, `-` and `.`; 1 to 253; not `localhost…`: what a certificate, a label and a DNS name can hold. */
export function requireNodeName(name: string): void {
  const fault =
    name === ''
      ? 'it is empty'
      : name.length > 253
        ? `it has ${name.length} characters, at most 253 are allowed`
        : name.startsWith('localhost')
          ? 'it must not start with localhost'
          : !/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/.test(name)
            ? 'only lower-case letters, digits, "-" and "." are allowed, and each part begins and ends with a letter or digit'
            : undefined;
  if (fault === undefined) return;
  throw new SkerryError(
    'node-name-invalid',
    `invalid nodeName ${JSON.stringify(name)}: ${fault}; choose one with --node-name`,
  );
}

export function requireNotJoined(dataDirectory: string): void {
  if (!existsSync(agentFiles(dataDirectory).certificate)) return;
  throw new SkerryError(
    'already-joined',
    `this machine has joined a cluster already (${agentFiles(dataDirectory).directory}); run \`skerry reset\` first, or choose another --data-dir`,
  );
}

/** The folder, or the nearest one above it that is there, must take new files: a token is not spent on a join that can't end. */
export function requireWritable(dataDirectory: string): void {
  let path = resolve(agentFiles(dataDirectory).directory);
  while (!existsSync(path) && dirname(path) !== path) path = dirname(path);
  try {
    if (!statSync(path).isDirectory()) throw new Error(`${path} is not a folder`);
    accessSync(path, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new SkerryError(
      'data-directory-unusable',
      `cannot write to ${dataDirectory}; run as root, or choose another with --data-dir`,
      { cause },
    );
  }
}

/** Something must listen at the runtime's socket; what it is, the agent finds out. */
export async function requireRuntime(endpoint: string): Promise<void> {
  if (endpoint === 'simulated') return;
  const path = endpoint.replace(/^unix:\/\//, '');
  if (!path.startsWith('/')) {
    throw new SkerryError(
      'runtime-unreachable',
      `the container runtime endpoint ${endpoint} is no socket path such as unix:///run/containerd/containerd.sock`,
    );
  }
  if (!existsSync(path)) {
    throw new SkerryError(
      'runtime-missing',
      `there is no container runtime at ${path}; install and start containerd, or name its socket with --runtime-endpoint`,
    );
  }
  await new Promise<void>((resolve, reject) => {
    const socket = connect({ path });
    const refuse = (why: string) => {
      socket.destroy();
      reject(
        new SkerryError(
          'runtime-unreachable',
          `the container runtime at ${path} does not answer (${why}); is containerd running, and may this user use it?`,
        ),
      );
    };
    socket.setTimeout(runtimeTimeoutMs, () => refuse('no connection in 5 s'));
    socket.once('error', (error: NodeJS.ErrnoException) => refuse(error.code ?? error.message));
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
  });
}
