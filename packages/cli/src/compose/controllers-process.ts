/** The process of controllers and scheduler: ordinary clients of the API server, over its Unix socket. */
import type { Clock, Logger } from '@skerry/base';
import { type CustomResourceDefinition, isApiError } from '@skerry/api';
import { type ApiClient, createClient, createUnixTransport } from '@skerry/client';
import {
  crossingCustomResourceDefinition,
  installLocalPathClass,
  nodePoolCustomResourceDefinition,
  poolNetworkCustomResourceDefinition,
  runControllers,
} from '@skerry/controllers';
import { runScheduler } from '@skerry/scheduler';
import { settleMemoryLater } from '#process/settle-memory.ts';
import { version } from '#version.ts';
import type { Installation } from './installation.ts';

export interface ControllersProcessOptions {
  readonly installation: Installation;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
}

export async function runControllersProcess(
  options: ControllersProcessOptions,
  signal: AbortSignal,
): Promise<void> {
  const { installation, clock, log, random } = options;
  const { data, config, authority, componentTokens } = installation;
  const transportWith = (token: string) => createUnixTransport({ socketPath: data.apiSocket, token });
  const transports = {
    controllers: transportWith(componentTokens.controllers),
    scheduler: transportWith(componentTokens.scheduler),
  };
  const clientFor = (part: keyof typeof transports) =>
    createClient({ transport: transports[part], userAgent: `skerry-${part}/${version}`, clock });
  settleMemoryLater(clock, signal);
  try {
    for (const definition of [
      nodePoolCustomResourceDefinition,
      poolNetworkCustomResourceDefinition,
      crossingCustomResourceDefinition,
    ])
      await installDefinition(clientFor('controllers'), definition);
    await installLocalPathClass(clientFor('controllers'));
    await Promise.all([
      runControllers({
        client: clientFor('controllers'),
        clock,
        log: log.with({ component: 'controllers' }),
        random,
        signal,
        clusterCidr: config.clusterCidr,
        authority,
        localTimeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      }),
      runScheduler({
        client: clientFor('scheduler'),
        clock,
        log: log.with({ component: 'scheduler' }),
        random,
        signal,
      }),
    ]);
  } finally {
    for (const transport of Object.values(transports)) transport.close();
  }
}

const definitions = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  resource: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
} as const;

/** Makes our own resource known, or brings it up to this release. */
async function installDefinition(client: ApiClient, definition: CustomResourceDefinition): Promise<void> {
  const known = client.resource<CustomResourceDefinition>(definitions);
  try {
    await known.create(definition);
  } catch (error) {
    if (!isApiError(error, 'AlreadyExists')) throw error;
    const name = definition.metadata?.name ?? '';
    await known.patch(name, { spec: definition.spec }, { type: 'merge', fieldManager: 'skerry' });
  }
}
