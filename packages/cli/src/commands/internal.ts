import { describeError, SkerryError, systemClock } from '@skerry/base';
import type { Command } from 'commander';
import { openInstallation } from '../compose/installation.ts';
import { jsonLogger } from '../json-log.ts';
import { tellParent } from '../process/managed-process.ts';
import { runUntilStopped } from '../process/run-until-stopped.ts';
import { dataOf, wholeNumber } from './common-flags.ts';

/** Commands that other commands start as processes of their own; hidden, since nobody types them. */
export function addInternalCommands(program: Command): void {
  program
    .command('serve-api', { hidden: true })
    .requiredOption('--data-dir <path>')
    .action((options: { dataDir: string }) =>
      asChild('api-server', async (signal) => {
        const { runApiProcess } = await import('../compose/api-process.ts');
        const installation = await openInstallation(dataOf(options), systemClock);
        const log = jsonLogger({ level: 'info', name: 'api-server' });
        await runApiProcess(
          {
            installation,
            clock: systemClock,
            log,
            random: Math.random,
            onReady: (detail) => tellParent({ type: 'ready', detail }),
          },
          signal,
        );
      }),
    );
  program
    .command('serve-controllers', { hidden: true })
    .requiredOption('--data-dir <path>')
    .action((options: { dataDir: string }) =>
      asChild('controllers', async (signal) => {
        const { runControllersProcess } = await import('../compose/controllers-process.ts');
        const installation = await openInstallation(dataOf(options), systemClock);
        const log = jsonLogger({ level: 'info', name: 'controllers' });
        tellParent({ type: 'ready' });
        await runControllersProcess({ installation, clock: systemClock, log, random: Math.random }, signal);
      }),
    );
  program
    .command('sample-device-plugin', { hidden: true })
    .requiredOption('--kubelet-dir <path>')
    .requiredOption('--resource <name>')
    .requiredOption('--count <number>', '', wholeNumber({ min: 1, max: 64 }))
    .action((options: { kubeletDir: string; resource: string; count: number }) =>
      asChild('device-plugin', async (signal) => {
        const { runSampleDevicePlugin } = await import('@skerry/agent');
        const log = jsonLogger({ level: 'info', name: 'device-plugin' });
        tellParent({ type: 'ready' });
        await runSampleDevicePlugin({ ...options, clock: systemClock, log }, signal);
      }),
    );
}

/** Runs a part until stopped. Its reason for failing goes to the log and to the parent, without a stack. */
async function asChild(name: string, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  try {
    await runUntilStopped(work);
  } catch (error) {
    const code = error instanceof SkerryError ? error.code : errorCode(error);
    tellParent({ type: 'failed', code, message: describeError(error) });
    jsonLogger({ level: 'error', name }).error('could not go on', { code, error: describeError(error) });
    process.exitCode = 1;
  }
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'failed';
}
