/**
 * The API-server process of one cluster: store, API server, TLS port and link hub. The only place where the store is
 * written.
 */
import { randomUUID } from 'node:crypto';
import { isIP } from 'node:net';
import { builtinKinds } from '@skerry/api';
import { createApiServer, createConnectFactory, createSecurity, type PeerIdentity } from '@skerry/apiserver';
import { type Clock, type Histogram, type Logger, supervise } from '@skerry/base';
import { identities } from '@skerry/center';
import { createLinkHub, heartbeatMsDefault, RelayHub } from '@skerry/link';
import { pinOfCertificate } from '@skerry/pki';
import { openSqliteStore } from '@skerry/store';
import { aborted } from '#process/run-until-stopped.ts';
import { keepHeapRoom } from '#process/heap-room.ts';
import { settleMemoryLater } from '#process/settle-memory.ts';
import { openAudit } from './audit.ts';
import { openAuthentication } from './authentication.ts';
import { certificateUpkeep } from './certificate-upkeep.ts';
import { httpsJson } from './https-json.ts';
import type { Installation } from './installation.ts';
import { dialDirectly } from './direct-dial.ts';
import { readDescriptions } from './openapi-descriptions.ts';
import { followCrossings } from './crossing-rights.ts';
import { LeaseRenewal } from './lease-renewal.ts';
import { measureLinks } from './link-metrics.ts';
import { purposeOfRequest } from './link-purpose.ts';
import { openEncryption } from './storage-encryption.ts';
import { readMetrics } from './metrics-socket.ts';
import { rangesOf } from './ranges.ts';
import { measureProcess, type ProcessMeasures } from './process-metrics.ts';
import { storeWriterUrl } from './store-writer.ts';
import { serverReleases } from './releases.ts';
import { ticketKeysOf } from './ticket-keys.ts';
import { listenTls } from './tls-front.ts';

export interface ApiProcessOptions {
  readonly installation: Installation;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  /** Called once requests are answered. */
  readonly onReady: (detail: { port: number }) => void;
}

/** History that watches and paged lists may look back on. */
const compaction = { keepMs: 5 * 60_000, revisionsMax: 200_000 };

/** Runs until the signal; rejects when it can't start. */
export async function runApiProcess(options: ApiProcessOptions, signal: AbortSignal): Promise<void> {
  const { installation, clock, log, random, onReady } = options;
  const { data, config, authority } = installation;
  const advertised = config.advertise[0] ?? '127.0.0.1';
  // Whatever was opened is closed in reverse order, also when a later part can't start.
  await using opened = new AsyncDisposableStack();
  const store = await openSqliteStore({
    path: data.database,
    clock,
    log,
    compaction,
    writerUrl: storeWriterUrl(),
  });
  opened.defer(() => store.close());
  const sealing = await openEncryption(installation, { clock, log });
  opened.defer(() => sealing.close());
  const audit = await openAudit(config, { clock, log, random });
  opened.defer(async () => audit?.close());
  const heartbeatMs =
    config.linkHeartbeatPeriod === undefined ? heartbeatMsDefault : config.linkHeartbeatPeriod * 1000;
  const leases = new LeaseRenewal({ clock, log, heartbeatMs });
  const hub = createLinkHub<PeerIdentity>({
    clock,
    log,
    heartbeatMs,
    onUp: (stream, { peer, label }) =>
      server.accept({
        stream,
        protocol: 'h2',
        peer,
        onStream: ({ id, method, path }) => label(id, purposeOfRequest(method, path)),
      }),
    onAlive: (node) => leases.alive(node),
    onRoundTrip: (ms) => roundTrips?.observe(ms / 1000),
    onChange(node, state) {
      if (state === 'linked') relay.linked(node);
    },
  });
  const relay = new RelayHub({
    dial: (node) => hub.dialCrossing(node),
    isLinked: (node) => hub.linked(node),
    clock,
    log,
  });
  opened.defer(() => relay.close());
  let tellCrossings = (): void => undefined;
  let endConnections = (_user: string): void => undefined;
  /** Its certificate counts no longer; what it holds open would go on. */
  const cutOff = (node: string) => {
    hub.cut(node, `node ${node} was deleted`);
    hub.forget(node);
    endConnections(`system:node:${node}`);
  };
  const [ownIssuer = `https://kubernetes.default.svc.${config.clusterDomain}`, ...formerIssuers] =
    config.serviceAccountIssuer ?? [];
  const authentication = openAuthentication(config, { ownIssuer, clock, log });
  const security = createSecurity({
    clock,
    log,
    random,
    serviceAccountKey: installation.serviceAccountKey,
    formerServiceAccountKeys: installation.formerServiceAccountKeys,
    issuer: ownIssuer,
    formerIssuers,
    jwksUri: config.serviceAccountJwksUri,
    authentication: authentication.settings,
    fetchJson: httpsJson,
    staticTokens: [
      {
        token: installation.componentTokens.controllers,
        user: { name: 'system:kube-controller-manager', groups: [] },
      },
      {
        token: installation.componentTokens.scheduler,
        user: { name: 'system:kube-scheduler', groups: [] },
      },
      ...(['people', 'reader', 'keeper', 'meter'] as const).map((purpose) => ({
        token: installation.componentTokens[purpose],
        user: { name: identities[purpose], groups: [] },
      })),
    ],
    audit: audit?.audit,
    clusterInfo: { authorityPem: authority.certificatePem, server: `https://${advertised}:${config.port}` },
  });
  let serverCertificate = installation.serverCertificate;
  let frontProxyCertificate = installation.frontProxy.clientCertificate;
  let process: ProcessMeasures | undefined;
  let roundTrips: Histogram | undefined;
  const server = createApiServer({
    store,
    measure(metrics) {
      process = measureProcess(metrics, { database: data.database });
      roundTrips = measureLinks(metrics, () => hub);
      sealing.measure(metrics);
      authentication.measure(metrics);
    },
    kinds: builtinKinds,
    clock,
    log,
    random,
    uid: randomUUID,
    serviceCidrs: rangesOf(config.serviceCidr),
    clusterDomain: config.clusterDomain,
    advertise: {
      address:
        config.advertise.find((value) => isIP(value) === 4 && !value.startsWith('127.')) ?? '127.0.0.1',
      port: config.port,
    },
    security: (access) => {
      leases.writeWith(access);
      // Of each change no more than its name is looked at: the object would have to be read for that.
      access.read.onChange({ group: '', resource: 'nodes' }, ({ type, name }) => {
        if (type === 'delete') cutOff(name);
      });
      tellCrossings = followCrossings(access.read, (rights) => relay.allow(rights));
      return security(access);
    },
    dialer: hub,
    links: {
      list: () => hub.statistics().nodes,
      get: (node) => hub.stats(node),
      drill: (node, options) => hub.drill(node, options),
      endDrill: (node) => hub.endDrill(node),
    },
    dial: dialDirectly,
    frontProxy: {
      authorityPem: installation.frontProxy.authorityPem,
      // Asked for at every connection: it is renewed while the server runs.
      get clientCertificate() {
        return frontProxyCertificate;
      },
    },
    checksPolicies: true,
    clientAuthorityPem: authority.certificatePem,
    connect: createConnectFactory({ random }),
    descriptions: readDescriptions,
    metricsPages: {
      '/metrics/controllers': () => readMetrics(data.controllersSocket, '/controllers'),
      '/metrics/scheduler': () => readMetrics(data.controllersSocket, '/scheduler'),
    },
    ...(config.goawayChance === undefined ? {} : { goawayChance: config.goawayChance }),
    encryption: sealing.encryption,
    openPaths: await serverReleases(installation, {
      pin: () => pinOfCertificate(serverCertificate.certificatePem),
      log,
    }),
  });
  opened.defer(() => server.close());
  opened.defer(() => hub.close());
  await server.start();
  tellCrossings();
  await server.listenUnix(data.apiSocket);
  const front = await listenTls({
    address: config.listenAddress,
    port: config.port,
    certificate: installation.serverCertificate,
    clientAuthority: authority.certificatePem,
    ticketKeys: ticketKeysOf(authority),
    clock,
    log,
    waitingRequests: () => server.waitingRequests,
    onApi: (connection) => server.accept(connection),
    onFailure: () => process?.handshakeFailed(),
    onLink: (socket, from) => {
      const why = server.refusesPeer(from.peer);
      if (why === undefined) {
        hub.accept(socket, from);
        return;
      }
      log.warn('link refused', { node: from.node, why });
      socket.destroy();
    },
  });
  opened.defer(() => front.close());
  endConnections = (user) => front.cut(user);
  const upkeep = certificateUpkeep({
    installation,
    clock,
    log,
    onRenewed({ serverCertificate: renewed, frontProxy }) {
      serverCertificate = renewed;
      front.renew(renewed);
      frontProxyCertificate = frontProxy.clientCertificate;
    },
  });
  const resealing = sealing.run(() => server.reseal(), signal);
  opened.defer(() => resealing);
  const following = authentication.run(signal);
  opened.defer(() => following);
  const keeping = supervise(upkeep, { clock, log, signal });
  opened.defer(() => keeping);
  onReady({ port: front.port });
  settleMemoryLater(clock, signal);
  keepHeapRoom(clock, signal);
  await aborted(signal);
}
