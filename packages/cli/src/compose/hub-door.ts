/**
 * Opens a node's hub to its pods and to the machine: an address that every node has and no packet leaves the machine for, the
 * hub's certificate, and a server that listens once there is one. Says where the API is found on this node, and when.
 */
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { type Clock, describeError, type Logger, type Service, SkerryError } from '@skerry/base';
import type { ApiClient } from '@skerry/client';
import { type Hub, type HubServer, listenHub } from '@skerry/hub';
import { hubAddress } from '@skerry/pki';
import { createHubCertificate } from '#join/hub-certificate.ts';
import { throughProxy } from '#join/proxy.ts';
import { runCommand } from '#process/command.ts';

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
export const hubInterface = 'skerry-hub';
const dialTimeoutMs = 10_000;

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
      await ensureAddress();
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
              return dialWithoutIdentity(center());
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

/** A dummy interface holds the address; kernels without those have bridges, of which one without ports does as well. */
async function ensureAddress(): Promise<void> {
  const present = await runCommand('ip', ['-o', 'link', 'show']);
  if (!present.includes(`: ${hubInterface}:`)) {
    await addLink('dummy').catch(() => addLink('bridge'));
  }
  await runCommand('ip', ['address', 'replace', `${hubAddress}/32`, 'dev', hubInterface]);
  await runCommand('ip', ['link', 'set', hubInterface, 'up']);
}

async function addLink(type: 'dummy' | 'bridge'): Promise<void> {
  await runCommand('ip', ['link', 'add', hubInterface, 'type', type]);
}

/** What `createHubDoor` made in this network namespace. */
export async function removeHubAddress(): Promise<void> {
  const present = await runCommand('ip', ['-o', 'link', 'show']);
  if (present.includes(`: ${hubInterface}:`)) await runCommand('ip', ['link', 'delete', hubInterface]);
}

/** HTTP/1.1 with the API server: verified as ever, and without the node's certificate. */
async function dialWithoutIdentity({
  host,
  port,
  authorityPem,
  proxy,
}: ReturnType<HubDoorOptions['center']>): Promise<Duplex> {
  const through = proxy === undefined ? undefined : await throughProxy(proxy, { host, port });
  return new Promise((resolve, reject) => {
    const socket = tls.connect({
      ...(through ? { socket: through } : { host, port }),
      ca: authorityPem,
      ALPNProtocols: ['http/1.1'],
      minVersion: 'TLSv1.2',
      timeout: dialTimeoutMs,
      ...(/^[0-9.]+$|:/.test(host) ? {} : { servername: host }),
      checkServerIdentity: (_, certificate) => tls.checkServerIdentity(host, certificate),
    });
    const fail = (error: unknown) => {
      socket.on('error', () => undefined);
      socket.destroy();
      reject(
        new SkerryError('hub-dial', `connect to ${host}:${port}: ${describeError(error)}`, { cause: error }),
      );
    };
    socket.once('error', fail);
    socket.once('timeout', () => fail(new Error(`no answer within ${dialTimeoutMs / 1000} s`)));
    socket.once('secureConnect', () => {
      socket.off('error', fail);
      socket.setTimeout(0);
      resolve(socket);
    });
  });
}
