/** An image registry for tests, Debian's `docker-registry`, on plain HTTP inside a network namespace. */
import { spawn } from 'node:child_process';
import { access, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '@skerry/base/testing';
import { runCommand } from '#machine/command.ts';
import { endProcesses } from '#machine/processes.ts';

export interface Registry {
  /** `10.66.0.1:5000`. */
  readonly address: string;
  close(): Promise<void>;
}

export interface RegistryOptions {
  readonly directory: string;
  /** Path of the network namespace in which it listens, and which has the address. */
  readonly networkNamespace: string;
  readonly address: string;
  /** Whether `registryUser` has to log in. */
  readonly asksForLogin: boolean;
}

/** The only user of a registry that asks for a login. */
export const registryUser = { username: 'puller', password: 'open-sesame' } as const;
/** The registry takes bcrypt hashes alone, which Node.js can't make. */
const passwordFile = 'puller:$2y$05$MYAje/VzybCcBSIY15T5JujCULELPWe1Ih1CWgOBDnJvQpvtD6/eu\n';

const program = '/usr/bin/docker-registry';

export function hasRegistry(): Promise<boolean> {
  return access(program).then(
    () => true,
    () => false,
  );
}

export async function startRegistry(options: RegistryOptions): Promise<Registry> {
  const { networkNamespace, address } = options;
  await mkdir(options.directory, { recursive: true });
  const directory = await mkdtemp(join(options.directory, 'registry-'));
  await writeFile(join(directory, 'users'), passwordFile);
  const config = join(directory, 'config.json');
  // JSON is YAML, which is what the registry reads.
  await writeFile(
    config,
    JSON.stringify({
      version: '0.1',
      log: { level: 'error' },
      storage: { filesystem: { rootdirectory: join(directory, 'images') } },
      http: { addr: address },
      ...(options.asksForLogin
        ? { auth: { htpasswd: { realm: 'test', path: join(directory, 'users') } } }
        : {}),
    }),
  );
  const inside = [`--net=${networkNamespace}`, '--'];
  const child = spawn('nsenter', [...inside, program, 'serve', config], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const listens = async () => {
    if (child.exitCode !== null) throw new Error(`the registry ended with ${child.exitCode}`);
    const sockets = await runCommand('nsenter', [...inside, 'ss', '-Hltn']);
    if (!sockets.includes(address)) throw new Error(`the registry does not listen on ${address}`);
  };
  await eventually(listens, { timeoutMs: 20_000 });
  return {
    address,
    async close() {
      if (child.pid !== undefined) await endProcesses([child.pid], { graceMs: 5_000 });
      await ended;
    },
  };
}
