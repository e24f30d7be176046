/**
 * kube-controller-manager and kube-scheduler beside the reference server, found by `KUBE_CONTROLLER_MANAGER` and
 * `KUBE_SCHEDULER`. Their own limits on requests are lifted, since those of a stock installation would be all that is measured.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { createWriteStream, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ReferenceServer, referenceBinaries } from './reference-server.ts';

export interface ManagerPrograms {
  readonly controllerManager: string;
  readonly scheduler: string;
}

export interface Manager {
  readonly pid: number;
  stop(): Promise<void>;
}

const requestsPerSecond = 5_000;

/** Undefined where the environment names them not, or no server for them. */
function controllerManagerProgram(env: NodeJS.ProcessEnv = process.env): string | undefined {
  return referenceBinaries(env) && existing(env['KUBE_CONTROLLER_MANAGER']);
}

export function managerPrograms(env: NodeJS.ProcessEnv = process.env): ManagerPrograms | undefined {
  const controllerManager = controllerManagerProgram(env);
  const scheduler = existing(env['KUBE_SCHEDULER']);
  return controllerManager && scheduler ? { controllerManager, scheduler } : undefined;
}

/** No agent renews a Lease here: nodes stay what their status says. */
export function startControllerManager(
  server: ReferenceServer,
  program: string,
  flags: readonly string[] = [],
): Manager {
  const key = join(server.directory, 'tokens.key');
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  writeFileSync(key, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  return startManager(server, program, [
    `--kubeconfig=${server.kubeconfig}`,
    `--service-account-private-key-file=${key}`,
    '--leader-elect=false',
    '--secure-port=0',
    '--node-monitor-grace-period=24h',
    `--kube-api-qps=${requestsPerSecond}`,
    `--kube-api-burst=${2 * requestsPerSecond}`,
    ...flags,
  ]);
}

export function startScheduler(
  server: ReferenceServer,
  program: string,
  flags: readonly string[] = [],
  profiles?: readonly object[],
): Manager {
  const file = join(server.directory, 'scheduler.yaml');
  const configuration = {
    apiVersion: 'kubescheduler.config.k8s.io/v1',
    kind: 'KubeSchedulerConfiguration',
    leaderElection: { leaderElect: false },
    clientConnection: {
      kubeconfig: server.kubeconfig,
      qps: requestsPerSecond,
      burst: 2 * requestsPerSecond,
      contentType: 'application/vnd.kubernetes.protobuf',
    },
    ...(profiles ? { profiles } : {}),
  };
  writeFileSync(file, JSON.stringify(configuration));
  return startManager(server, program, [`--config=${file}`, '--secure-port=0', ...flags]);
}

function startManager(server: ReferenceServer, program: string, flags: readonly string[]): Manager {
  const log = createWriteStream(join(server.directory, `${program.split('/').at(-1)}.log`));
  const child = spawn(program, flags, { stdio: ['ignore', 'ignore', 'pipe'] });
  child.stderr.pipe(log);
  return { pid: child.pid ?? 0, stop: () => ended(child) };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await exit;
}

function existing(program: string | undefined): string | undefined {
  return program && existsSync(program) ? program : undefined;
}
