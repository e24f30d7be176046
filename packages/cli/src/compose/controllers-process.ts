/**
 * The process of controllers and scheduler: ordinary clients of the API server, over its Unix socket. Each controller speaks
 * as its own ServiceAccount. Both hold the Lease that stock ones hold; who they are outlives a crash, so that a process
 * that is started again goes on at once, and one on another machine takes over when the Lease ends.
 */
import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { measureBuild, serverVersion } from '@skerry/api';
import { type Clock, type Logger, MetricRegistry } from '@skerry/base';
import { countRequests, createClient, createUnixTransport } from '@skerry/client';
import { type ControllerSettings, installLocalPathClass, runControllers } from '@skerry/controllers';
import { runScheduler, type SchedulerConfiguration } from '@skerry/scheduler';
import { keepHeapRoom } from '#process/heap-room.ts';
import { settleMemoryLater } from '#process/settle-memory.ts';
import { version } from '#version.ts';
import { AccountClients } from './account-clients.ts';
import type { Installation } from './installation.ts';
import { serveMetrics } from './metrics-socket.ts';
import { measureRuntime } from './process-metrics.ts';
import type { ServerConfig } from './server-config.ts';

export interface ControllersProcessOptions {
  readonly installation: Installation;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
}

/** As whom its own process knows the API server: it is asked over a socket of this machine. */
const apiHost = 'localhost';

export async function runControllersProcess(
  options: ControllersProcessOptions,
  signal: AbortSignal,
): Promise<void> {
  const { installation, clock, log, random } = options;
  const { data, config, authority, componentTokens } = installation;
  const metrics = { controllers: new MetricRegistry(), scheduler: new MetricRegistry() };
  const counts = {
    controllers: countRequests(metrics.controllers, { clock, host: apiHost }),
    scheduler: countRequests(metrics.scheduler, { clock, host: apiHost }),
  };
  const transportWith = (token?: string) => createUnixTransport({ socketPath: data.apiSocket, token });
  const transports = {
    controllers: counts.controllers(transportWith(componentTokens.controllers)),
    scheduler: counts.scheduler(transportWith(componentTokens.scheduler)),
    accounts: counts.controllers(transportWith()),
  };
  const clientFor = (part: 'controllers' | 'scheduler') =>
    createClient({ transport: transports[part], userAgent: `skerry-${part}/${version}`, clock });
  settleMemoryLater(clock, signal);
  keepHeapRoom(clock, signal);
  const client = clientFor('controllers');
  const accounts = new AccountClients({
    issuer: client,
    transport: transports.accounts,
    userAgent: `skerry-controllers/${version}`,
    clock,
    log,
  });
  const configuration = await configurationOfScheduler(config);
  if (configuration && configuration.ignored.length > 0)
    log.warn('scheduler configuration has fields without meaning here', {
      fields: configuration.ignored.join(),
    });
  for (const registry of Object.values(metrics)) {
    measureRuntime(registry);
    measureBuild(registry, serverVersion(process), `node${process.versions.node}`);
  }
  const identity = identityOf(componentTokens.controllers);
  const common = { clock, random, signal, leaderElection: { identity } };
  const pages = {
    '/controllers': () => metrics.controllers.render(),
    '/scheduler': () => metrics.scheduler.render(),
  };
  try {
    await installLocalPathClass(client);
    await Promise.all([
      serveMetrics(data.controllersSocket, pages, signal),
      runControllers({
        ...common,
        client,
        clientOf: (account) => accounts.client(account),
        log: log.with({ component: 'controllers' }),
        metrics: metrics.controllers,
        clusterCidr: config.clusterCidr,
        ...nodeWatchSettings(config),
        nodeEviction: {
          rate: config.nodeEvictionRate,
          secondaryRate: config.secondaryNodeEvictionRate,
          largeClusterSize: config.largeClusterSizeThreshold,
          unhealthyZoneShare: config.unhealthyZoneThreshold,
        },
        authority,
        localTimeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
        ...autoscalerSettings(config),
      }),
      runScheduler({
        ...common,
        client: clientFor('scheduler'),
        configuration,
        log: log.with({ component: 'scheduler' }),
        metrics: metrics.scheduler,
      }),
    ]);
  } finally {
    for (const transport of Object.values(transports)) transport.close();
  }
}

/** What reads it is loaded only where a file is named. */
async function configurationOfScheduler(config: ServerConfig): Promise<SchedulerConfiguration | undefined> {
  if (config.schedulerConfig === undefined) return undefined;
  const { schedulerConfigurationOf } = await import('./scheduler-configuration.ts');
  return schedulerConfigurationOf(config);
}

/** The same for every process of this installation, of which one runs at a time, and another's for every other. */
function identityOf(secret: string): string {
  const digest = createHash('sha256').update(`leader ${secret}`).digest('hex');
  return `${hostname()}_${digest.slice(0, 16)}`;
}

function ms(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000;
}

function nodeWatchSettings(config: ServerConfig): Partial<ControllerSettings> {
  return {
    nodeMonitorPeriodMs: ms(config.nodeMonitorPeriod),
    nodeMonitorGracePeriodMs: ms(config.nodeMonitorGracePeriod),
  };
}

function autoscalerSettings(config: ServerConfig): Partial<ControllerSettings> {
  return {
    autoscalerSyncPeriodMs: ms(config.horizontalPodAutoscalerSyncPeriod),
    autoscalerDownscaleStabilizationMs: ms(config.horizontalPodAutoscalerDownscaleStabilization),
    autoscalerCpuInitializationMs: ms(config.horizontalPodAutoscalerCpuInitializationPeriod),
    autoscalerInitialReadinessDelayMs: ms(config.horizontalPodAutoscalerInitialReadinessDelay),
    autoscalerTolerance: config.horizontalPodAutoscalerTolerance,
  };
}
