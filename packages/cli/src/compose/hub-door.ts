/**
 * Opens a node's hub to its pods and to the machine: an address that every node has and no packet leaves the machine for, the
 * hub's certificate, and a server that listens once there is one. Says where the API is found on this node, and when.
 */
import { type Clock, type Logger, type Service, SkerryError } from '@skerry/base';
import type { ApiClient } from '@skerry/client';
import { type Hub, type HubServer, listenHub } from '@skerry/hub';
import { hubAddress } from '@skerry/pki';
import { createHubCertificate } from '#join/hub-certificate.ts';
import { dialServer } from './dial-server.ts';
import { ensureHubAddress } from './hub-address.ts';

export interface HubDoorOptions {
  readonly hub: Hub;
  readonly nodeName: string;
  /** Where the certificate is kept. */
  readonly directory: string;
  /** Where it is now. */
  readonly center: () => {
    readonly host: string;
    readonly port: number;
    readonly authorityPem: string;
    readonly proxy?: string;
  };
  readonly isLinked: () => boolean;
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
}

/** Where the API is found on this node; undefined for as long as it is not found here. */
export interface LocalApi {
  current(): { readonly address: string; readonly port: number } | undefined;
  /** Returns what ends the telling. */
  onChange(tell: () => void): () => void;
}

export interface HubDoor extends Service {
  readonly api: LocalApi;
}

export const hubPort = 10_261;

export function createHubDoor(options: HubDoorOptions): HubDoor {
  const { hub, center, clock, log } = options;
  const listeners = new Set<() => void>();
  let server: HubServer | undefined;
  const tell = () => {
    for (const listener of listeners) listener();
  };
  return {
    name: 'door of the hub',
    api: {
      current: () => (server ? { address: hubAddress, port: hubPort } : undefined),
      onChange(listener) {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    },
    async run(signal) {
      await ensureHubAddress();
      const certificate = createHubCertificate({
        ...options,
        async onCertificate(pair) {
          if (server) {
            server.renew(pair);
            return;
          }
          server = await listenHub({
            hub,
            certificate: pair,
            addresses: [hubAddress, '127.0.0.1'],
            port: hubPort,
            async dialCenter() {
              // What a drill cuts must not go on by another way.
              if (!options.isLinked()) throw new SkerryError('hub-dial', 'this node has no link');
              return dialServer(center());
            },
            clock,
            log,
          });
          log.info('hub listens', { address: hubAddress, port: hubPort });
          tell();
        },
      });
      try {
        await certificate.run(signal);
      } finally {
        await server?.close();
        server = undefined;
        tell();
      }
    },
  };
}
