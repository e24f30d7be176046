import { systemClock } from '@skerry/base';
import { type Command, InvalidArgumentError } from 'commander';
import { jsonLogger } from '#json-log.ts';
import { asChild } from '#process/child.ts';
import { onParentMessage, tellParent } from '#process/managed-process.ts';
import { unpoolBuffers } from '#process/unpooled-buffers.ts';
import { dataOf, wholeNumber } from './common-flags.ts';

/** Commands that other commands start as processes of their own; hidden, since nobody types them. */
export function addInternalCommands(program: Command): void {
  program
    .command('serve-api', { hidden: true })
    .requiredOption('--data-dir <path>')
    .action((options: { dataDir: string }) =>
      asChild('api-server', async (signal) => {
        unpoolBuffers();
        const [{ runApiProcess }, { openInstallation }] = await Promise.all([
          import('#compose/api-process.ts'),
          import('#compose/installation.ts'),
        ]);
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
        const [{ runControllersProcess }, { openInstallation }] = await Promise.all([
          import('#compose/controllers-process.ts'),
          import('#compose/installation.ts'),
        ]);
        const installation = await openInstallation(dataOf(options), systemClock);
        const log = jsonLogger({ level: 'info', name: 'controllers' });
        tellParent({ type: 'ready' });
        await runControllersProcess({ installation, clock: systemClock, log, random: Math.random }, signal);
      }),
    );
  program
    .command('serve-center', { hidden: true })
    .requiredOption('--data-dir <path>')
    .action((options: { dataDir: string }) =>
      asChild('center', async (signal) => {
        const [{ runCenterProcess }, { openInstallation }] = await Promise.all([
          import('#compose/center-process.ts'),
          import('#compose/installation.ts'),
        ]);
        const installation = await openInstallation(dataOf(options), systemClock);
        const log = jsonLogger({ level: 'info', name: 'center' });
        await runCenterProcess(
          {
            installation,
            clock: systemClock,
            log,
            random: Math.random,
            onReady: (detail) => tellParent({ type: 'ready', detail }),
            tell: tellParent,
            onTold: onParentMessage,
          },
          signal,
        );
      }),
    );
  program.command('load-generator', { hidden: true }).action(() =>
    asChild('load-generator', async (signal) => {
      const { runLoadGenerator } = await import('#programs/run-programs.ts');
      const log = jsonLogger({ level: 'info', name: 'load-generator' });
      await runLoadGenerator({ env: process.env, clock: systemClock, log }, signal);
    }),
  );
  program
    .command('prober', { hidden: true })
    .requiredOption('--config <path>')
    .option('--port <number>', '', wholeNumber({ min: 1, max: 65535 }), 9115)
    .action((options: { config: string; port: number }) =>
      asChild('prober', async (signal) => {
        const { runProber } = await import('#programs/run-programs.ts');
        const log = jsonLogger({ level: 'info', name: 'prober' });
        await runProber(
          { ...options, env: process.env, clock: systemClock, log, random: Math.random },
          signal,
        );
      }),
    );
  program
    .command('ingress', { hidden: true })
    .option('--http-ports <json>', '', ports, [80])
    .option('--https-ports <json>', '', ports, [443])
    .option('--gateway-api <boolean>', '', (text) => text === 'true', true)
    .action((options: { httpPorts: number[]; httpsPorts: number[]; gatewayApi: boolean }) =>
      asChild('ingress', async (signal) => {
        const { runIngress } = await import('#programs/run-ingress.ts');
        const log = jsonLogger({ level: 'info', name: 'ingress' });
        await runIngress(
          { ...options, env: process.env, clock: systemClock, log, random: Math.random },
          signal,
        );
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

function ports(text: string): number[] {
  const list: unknown = JSON.parse(text);
  const isPort = (one: unknown) => Number.isInteger(one) && Number(one) > 0 && Number(one) < 65_536;
  if (!Array.isArray(list) || !list.every(isPort))
    throw new InvalidArgumentError('a list of ports is wanted');
  return list as number[];
}
