/**
 * What our center is measured beside where the machine has it: kube-apiserver with etcd, kube-controller-manager and
 * kube-scheduler, without the limits on requests that they come with.
 */
import {
  type Manager,
  managerPrograms,
  startControllerManager,
  startScheduler,
} from '../test/conformance/reference-managers.ts';
import { startReferenceServer } from '../test/conformance/reference-server.ts';
import { users } from '../test/conformance/users.ts';
import { BenchCenter } from './center.ts';
import { cpuSeconds } from './processes.ts';
import type { BenchTarget } from './target.ts';

/** A server with all that makes, places and removes pods. */
export interface ManagedTarget extends BenchTarget {
  /** Processor seconds of controllers and scheduler since they were started. */
  managerCpuSeconds(): number;
  /** Holds controllers and scheduler still. */
  pauseManagers(): void;
  resumeManagers(): void;
}

export const stockName = 'kube-apiserver, kube-scheduler and kube-controller-manager';

/** Nobody renews the Leases of nodes that are played; on both sides they stay what they are, for longer than any load takes. */
export async function startOwnManaged(): Promise<ManagedTarget> {
  const center = await BenchCenter.start({ flags: ['--node-monitor-grace-period=1h'] });
  return {
    port: center.port,
    credentials: center.credentials,
    cpuSeconds: () => center.cpuSeconds(),
    managerCpuSeconds: () => cpuSeconds(center.controllersPid),
    pauseManagers: () => center.pauseControllers(),
    resumeManagers: () => center.resumeControllers(),
    stop: () => center.stop(),
  };
}

/** Undefined where the environment names not all four programs. */
export async function startStockManaged(): Promise<ManagedTarget | undefined> {
  const programs = managerPrograms();
  if (!programs) return undefined;
  const server = await startReferenceServer({ durable: true });
  const managers: Manager[] = [
    startControllerManager(server, programs.controllerManager),
    startScheduler(server, programs.scheduler),
  ];
  const signal = (name: NodeJS.Signals) => managers.forEach(({ pid }) => process.kill(pid, name));
  const sum = (pids: readonly number[]) => pids.reduce((all, pid) => all + cpuSeconds(pid), 0);
  return {
    port: Number(new URL(server.url).port),
    credentials: { ca: server.ca, token: users.admin.token },
    cpuSeconds: () => sum(server.pids),
    managerCpuSeconds: () => sum(managers.map(({ pid }) => pid)),
    pauseManagers: () => signal('SIGSTOP'),
    resumeManagers: () => signal('SIGCONT'),
    async stop() {
      await Promise.all(managers.map((manager) => manager.stop()));
      await server.close();
    },
  };
}
