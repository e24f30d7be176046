/** How the center reaches an API server of this machine: over its Unix socket, with one credential for each purpose. */
import { connect } from 'node:net';
import type { OpenConnection } from '@skerry/center';
import { createUnixTransport } from '@skerry/client';

export interface UnixCredentials {
  readonly people: string;
  readonly reader: string;
  readonly keeper: string;
  /** Not of the management API, which has no machines. */
  readonly meter?: string;
}

export function connectOverSocket(
  socketPath: string,
  {
    tokens,
    address,
    hosted,
  }: {
    readonly tokens: UnixCredentials;
    readonly address: OpenConnection['address'];
    readonly hosted: boolean;
  },
): OpenConnection {
  const transports = {
    people: createUnixTransport({ socketPath, token: tokens.people }),
    reader: createUnixTransport({ socketPath, token: tokens.reader }),
    keeper: createUnixTransport({ socketPath, token: tokens.keeper }),
    ...(tokens.meter ? { meter: createUnixTransport({ socketPath, token: tokens.meter }) } : {}),
  };
  return {
    ...transports,
    address,
    hosted,
    dial: (signal) =>
      new Promise((resolve, reject) => {
        const socket = connect({ path: socketPath, signal });
        socket.once('error', reject);
        socket.once('connect', () => {
          socket.off('error', reject);
          const headers = { authorization: `Bearer ${tokens.people}` };
          resolve({ socket, host: 'localhost', prefix: '', headers });
        });
      }),
    close: () => {
      for (const transport of Object.values(transports)) transport.close();
    },
  };
}
