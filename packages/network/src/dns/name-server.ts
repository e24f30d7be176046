/**
 * The cluster's DNS on this node. Every node answers at the address of the `kube-dns` Service itself, from what it knows
 * of the cluster and keeps on disk, so that names need no other machine and no link. Where that Service selects pods,
 * somebody's own name server answers there, and this one stands aside.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { ConfigMap, Service as KubernetesService } from '@skerry/api';
import { describeError, sleep, supervise, type Clock, type Logger, type Service } from '@skerry/base';
import { resources, type ApiClient } from '@skerry/client';
import type { ClusterView } from '#cluster-view.ts';
import { ClusterRecords } from '#dns/cluster-records.ts';
import { dnsServiceName, dnsServiceOf } from '#dns/dns-service.ts';
import { Forwarder } from '#dns/forwarder.ts';
import { listen } from '#dns/listener.ts';
import { LoopProbe } from '#dns/loop-probe.ts';
import { NameServerMetrics } from '#dns/metrics.ts';
import { machineResolvers, parseNameServerConfig } from '#dns/name-server-config.ts';
import { createResponder, type Responder } from '#dns/responder.ts';
import {
  ensureServiceAddress,
  guardRules,
  hasServiceAddress,
  outsideInterfaces,
  removeServiceAddress,
} from '#dns/service-address.ts';
import { FollowedObjects } from '#followed-objects.ts';
import { runNft } from '#nftables/run-nft.ts';

export interface NameServerOptions {
  readonly client: ApiClient;
  readonly view: ClusterView;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
}

const port = 53;
const metricsPort = 9_153;
/** How often the machine is looked at: its resolvers, its interfaces, whether our address is still there. */
const lookEveryMs = 10_000;

export function createNameServer(options: NameServerOptions): Service {
  const { client, view, clock, log, random } = options;
  const records = new ClusterRecords({ view, random, serial: () => Math.floor(clock.now() / 1_000) });
  const forwarder = new Forwarder({ clock, log, random });
  const loops = new LoopProbe({ random });
  const metrics = new NameServerMetrics({ cacheSize: () => forwarder.cacheSize });
  const responder = createResponder({ records, forwarder, loops, metrics, clock });
  const settings = new FollowedObjects<ConfigMap>({
    client,
    ref: resources.configMaps,
    scopes: [{ namespace: dnsServiceName.namespace, fieldSelector: `metadata.name=${dnsServiceName.name}` }],
    clock,
    log,
    random,
  });
  return {
    name: 'name server',
    async run(signal) {
      await Promise.all([
        settings.run(signal),
        keepServing({ ...options, records, forwarder, loops, settings, responder, metrics }, signal),
      ]);
    },
  };
}

interface Parts extends NameServerOptions {
  readonly records: ClusterRecords;
  readonly forwarder: Forwarder;
  readonly loops: LoopProbe;
  readonly settings: FollowedObjects<ConfigMap>;
  readonly responder: Responder;
  readonly metrics: NameServerMetrics;
}

/** Serves at whatever addresses the Service has, and nowhere while it has none. */
async function keepServing(parts: Parts, signal: AbortSignal): Promise<void> {
  const { view, clock, log, records, forwarder } = parts;
  await view.services.known(signal).catch(() => undefined);
  try {
    while (!signal.aborted) {
      const service = dnsServiceOf(view.services);
      const changed = nextChange(view, JSON.stringify(service));
      const until = AbortSignal.any([signal, changed.signal]);
      try {
        if (service) {
          records.domain = service.domain;
          await serve(parts, service.addresses, until);
        } else {
          await removeServiceAddress();
          if (!until.aborted) await once(until, 'abort');
        }
      } catch (error) {
        if (!until.aborted) {
          log.error('name server failed', { error: describeError(error) });
          await sleep(clock, lookEveryMs, until).catch(() => undefined);
        }
      } finally {
        changed.stop();
      }
    }
  } finally {
    forwarder.close();
  }
}

function nextChange({ services }: ClusterView, known: string | undefined) {
  const changed = new AbortController();
  const look = ({ metadata }: KubernetesService) => {
    if (metadata.name !== dnsServiceName.name || metadata.namespace !== dnsServiceName.namespace) return;
    if (JSON.stringify(dnsServiceOf(services)) !== known) changed.abort();
  };
  const stop = services.addHandler({ onAdd: look, onUpdate: look, onDelete: look });
  return { signal: changed.signal, stop };
}

async function serve(parts: Parts, addresses: readonly string[], signal: AbortSignal): Promise<void> {
  const { clock, log, responder, metrics } = parts;
  await ensureServiceAddress(addresses);
  // Before anyone can ask.
  const outside = await outsideInterfaces();
  await runNft(guardRules(addresses, outside));
  log.info('answering names', { addresses: addresses.join(','), domain: parts.records.domain });
  const services = addresses.flatMap((address): Service[] => [
    {
      name: `name server at ${address}`,
      run: (until) => listen({ address, port, answer: responder, log }, until),
    },
    { name: `metrics at ${address}`, run: (until) => serveMetrics(metrics, address, until) },
  ]);
  await Promise.all([
    ...services.map((service) => supervise(service, { clock, log, signal })),
    look(parts, { addresses, outside }, signal),
  ]);
}

async function look(
  parts: Parts,
  known: { addresses: readonly string[]; outside: readonly string[] },
  signal: AbortSignal,
): Promise<void> {
  const { clock, log, settings } = parts;
  const { addresses } = known;
  let outside = known.outside.join(' ');
  let configured = '';
  while (!signal.aborted) {
    try {
      if (!hasServiceAddress(addresses)) await ensureServiceAddress(addresses);
      const now = await outsideInterfaces();
      if (now.join(' ') !== outside) await runNft(guardRules(addresses, now));
      outside = now.join(' ');
      configured = await configure(parts, addresses, configured);
    } catch (error) {
      log.warn('name server could not see to its machine', { error: describeError(error) });
    }
    const changed = new AbortController();
    const stop = settings.addHandler({
      onAdd: () => undefined,
      onUpdate: () => changed.abort(),
      onDelete: () => changed.abort(),
    });
    await sleep(clock, lookEveryMs, AbortSignal.any([signal, changed.signal])).catch(() => undefined);
    stop();
  }
}

/** Answers what was configured, for the next look to compare. */
async function configure(parts: Parts, own: readonly string[], configured: string): Promise<string> {
  const { settings, forwarder, loops, log } = parts;
  const data = settings.get(dnsServiceName.namespace, dnsServiceName.name)?.data ?? {};
  const parsed = parseNameServerConfig(data);
  const wanted = parsed.upstreams.length > 0 ? parsed.upstreams : await machineResolvers(own);
  const summary = JSON.stringify([wanted, [...parsed.stubDomains], parsed.faults]);
  if (summary === configured) return configured;
  for (const fault of parsed.faults) log.warn('DNS configuration has a fault', { fault });
  forwarder.configure({ upstreams: wanted, stubDomains: parsed.stubDomains });
  const looping = await forwarder.findLoops(loops);
  if (looping.length > 0) {
    log.error('an upstream name server asks us again, it is left out', { upstream: looping.join(',') });
  }
  return summary;
}

async function serveMetrics(metrics: NameServerMetrics, address: string, signal: AbortSignal): Promise<void> {
  const server = createServer((request, response) => {
    const isFound = request.method === 'GET' && request.url === '/metrics';
    response.writeHead(isFound ? 200 : 404, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
    response.end(isFound ? metrics.text() : 'not found\n');
  });
  server.maxConnections = 16;
  server.requestTimeout = 5_000;
  server.listen({ host: address, port: metricsPort, exclusive: true });
  try {
    await once(server, 'listening', { signal });
    if (!signal.aborted) await once(signal, 'abort');
  } finally {
    server.close();
    server.closeAllConnections();
  }
}
