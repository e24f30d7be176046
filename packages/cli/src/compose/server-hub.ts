/**
 * A hub before a cluster of elsewhere: the same cache and the same rules as on a node of ours, with an API server at an
 * address in the place of the link, and no agent. Which pods run on the machine it reads of that API server.
 */
import { join } from 'node:path';
import { type Clock, describeError, type Logger, sleep, supervise } from '@skerry/base';
import {
  createClient,
  createHttpTransport,
  Informer,
  loadKubeconfig,
  resources,
  writeKubeconfig,
} from '@skerry/client';
import type { KubeconfigContext } from '@skerry/client';
import { createHub, createServerUpstream, listenHub, type HubServer } from '@skerry/hub';
import { hubAddress, loadOrCreateValueKeys, makePrivateDirectory } from '@skerry/pki';
import { proxyTo, throughProxy } from '#join/proxy.ts';
import { version } from '#version.ts';
import { dialServer } from './dial-server.ts';
import { ensureHubAddress } from './hub-address.ts';
import { type GivenCertificate, serverHubCertificate } from './server-hub-certificate.ts';

export interface ServerHubOptions {
  readonly kubeconfig: string;
  readonly nodeName: string;
  /** Cache, keys, certificate and the kubeconfig of its users. */
  readonly directory: string;
  readonly addresses: readonly string[];
  readonly port: number;
  readonly certificate?: GivenCertificate;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
}

/** How it is found; `kubeconfig` leads there and names nobody. */
export interface ListeningHub {
  readonly address: string;
  readonly port: number;
  readonly kubeconfig: string;
}

const certificateEveryMs = 3_600_000;

/** Runs until the signal. */
export async function runServerHub(
  options: ServerHubOptions,
  {
    signal,
    onListening,
  }: { readonly signal: AbortSignal; readonly onListening: (hub: ListeningHub) => void },
): Promise<void> {
  const { nodeName, directory, addresses, clock, log, random } = options;
  const context = await loadKubeconfig(options.kubeconfig);
  const place = placeOf(context);
  const proxy = proxyTo(place, undefined, process.env);
  const transportOf = (credentials: Partial<KubeconfigContext>) =>
    createHttpTransport({
      server: context.server,
      ...(context.ca === undefined ? {} : { ca: context.ca }),
      ...(context.tlsServerName === undefined ? {} : { tlsServerName: context.tlsServerName }),
      ...credentials,
      ...(proxy === undefined ? {} : { connect: (target) => throughProxy(proxy, target) }),
      clock,
    });
  const upstream = createServerUpstream({
    async openOwn() {
      const { clientCertificate, clientKey, token, tokenFile } = await loadKubeconfig(options.kubeconfig);
      return transportOf({ clientCertificate, clientKey, token, tokenFile } as Partial<KubeconfigContext>);
    },
    openBare: () => transportOf({}),
    clock,
    log,
    random,
  });
  await makePrivateDirectory(directory);
  const [key] = await loadOrCreateValueKeys(directory);
  const hub = createHub({
    nodeName,
    cacheFile: join(directory, 'cache.db'),
    key: key.secret,
    upstream,
    pods: {
      has: (uid) => pods.list().some(({ metadata }) => metadata?.uid === uid),
      areKnown: () => pods.hasSynced(),
    },
    clock,
    log,
    random,
  });
  const client = createClient({ transport: hub.transport, userAgent: `skerry-hub/${version}`, clock });
  const pods = new Informer({
    source: client.resource(resources.pods),
    name: 'pods of the node',
    scope: { fieldSelector: `spec.nodeName=${nodeName}` },
    transform: ({ metadata }) => ({ metadata: { ...metadata, managedFields: [] } }),
    clock,
    log,
    random,
  });
  const certificate = () =>
    serverHubCertificate({
      directory,
      addresses,
      ...(options.certificate ? { given: options.certificate } : {}),
      clock,
    });
  let server: HubServer | undefined;
  const stop = new AbortController();
  const until = AbortSignal.any([signal, stop.signal]);
  const running = Promise.all([
    supervise(upstream, { clock, log, signal: until }),
    supervise(hub, { clock, log, signal: until }),
    pods.run(until),
  ]);
  try {
    if (addresses.includes(hubAddress)) await ensureHubAddress();
    const { authorityPem, ...pair } = await certificate();
    server = await listenHub({
      hub,
      certificate: pair,
      addresses,
      port: options.port,
      center: { host: new URL(context.server).host, pathPrefix: place.pathPrefix },
      dialCenter: async () => {
        if (!upstream.isLinked()) throw new Error('the API server does not answer');
        return dialServer({
          ...place,
          authorityPem: context.ca,
          tlsServerName: context.tlsServerName,
          proxy,
        });
      },
      clock,
      log,
    });
    const [address = ''] = addresses;
    const kubeconfig = join(directory, 'hub.kubeconfig');
    const host = address.includes(':') ? `[${address}]` : address;
    const ca = authorityPem ?? context.ca;
    await writeKubeconfig(kubeconfig, {
      cluster: 'hub',
      user: 'yours',
      server: `https://${host}:${server.port}`,
      ...(ca === undefined ? {} : { ca }),
    });
    onListening({ address, port: server.port, kubeconfig });
    for (;;) {
      await sleep(clock, certificateEveryMs, until);
      await certificate().then(
        (now) => server?.renew(now),
        (error: unknown) => log.warn('hub has no new certificate', { error: describeError(error) }),
      );
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await server?.close();
    stop.abort(new Error('the hub stops'));
    await running;
    await hub.close();
    upstream.close();
  }
}

function placeOf({ server }: KubeconfigContext) {
  const url = new URL(server);
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port) || 443,
    pathPrefix: url.pathname.replace(/\/+$/, ''),
  };
}
