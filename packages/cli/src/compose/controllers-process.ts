/** The process of controllers and scheduler: ordinary clients of the API server, over its Unix socket. */
import type { Clock, Logger } from '@skerry/base';
import { createClient, createUnixTransport } from '@skerry/client';
import { runControllers } from '@skerry/controllers';
import { version } from '../version.ts';
import type { Installation } from './installation.ts';

export interface ControllersProcessOptions {
  readonly installation: Installation;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
}

export async function runControllersProcess(options: ControllersProcessOptions, signal: AbortSignal): Promise<void> {
  const { installation, clock, log, random } = options;
  const { data, config, componentToken } = installation;
  const transport = createUnixTransport({ socketPath: data.apiSocket, token: componentToken });
  const clientFor = (name: string) => createClient({ transport, userAgent: `${name}/${version}`, clock });
  try {
    await Promise.all([
      runControllers({
        client: clientFor('skerry-controllers'),
        clock,
        log: log.with({ component: 'controllers' }),
        random,
        signal,
        clusterCidr: config.clusterCidr,
      }),
    ]);
  } finally {
    transport.close();
  }
}
