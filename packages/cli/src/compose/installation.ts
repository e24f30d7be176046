/**
 * What a center needs before its processes start: folders, configuration, authority, certificates, the components' token
 * and the administrator's kubeconfig. Repeating it changes nothing but what is missing, about to end, or no longer fits.
 */
import { readFileSync } from 'node:fs';
import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { type Clock, SkerryError } from '@skerry/base';
import { writeKubeconfig } from '@skerry/client';
import {
  type CertificateAuthority,
  frontProxyName,
  type KeyPair,
  loadOrCreateCertificateAuthority,
  loadFormerServiceAccountKeys,
  loadOrCreateServiceAccountKey,
  loadOrCreateValueKeys,
  loadOrIssue,
  type ServiceAccountKey,
  type ValueKey,
  writeFileAtomically,
} from '@skerry/pki';
import { createDataDirectory, type DataDirectory } from '#data-directory.ts';
import { loadOrCreateToken } from './management-credential.ts';
import { firstAddress, isExtended } from './ranges.ts';
import { flagOf, parseServerConfig, type ServerConfig, serverConfigDefaults } from './server-config.ts';

export interface Installation {
  readonly data: DataDirectory;
  readonly config: ServerConfig;
  readonly authority: CertificateAuthority;
  readonly serviceAccountKey: ServiceAccountKey;
  /** Signed tokens before it, and are still accepted. */
  readonly formerServiceAccountKeys: readonly ServiceAccountKey[];
  /** Seal what the database keeps secret; the newest first. */
  readonly valueKeys: readonly ValueKey[];
  readonly serverCertificate: KeyPair;
  /** By what aggregated API servers know the center: an authority of its own, so that no user's certificate is one. */
  readonly frontProxy: { readonly authorityPem: string; readonly clientCertificate: KeyPair };
  /** Credentials of the center's own processes, over the Unix socket. */
  readonly componentTokens: ComponentTokens;
}

export interface ComponentTokens {
  readonly controllers: string;
  readonly scheduler: string;
  /** Of the center, one for each purpose: speaking for its people, reading for its caches, keeping roles, asking machines. */
  readonly people: string;
  readonly reader: string;
  readonly keeper: string;
  readonly meter: string;
}

const renewBeforeMs = 60 * 24 * 3_600_000;

export interface PreparedInstallation extends Installation {
  /**
   * For a start that failed: the stored configuration is that of before, so that a mistyped flag stands in no later start's way. Ranges
   * and domain stay, since the store may hold addresses of them by now.
   */
  takeBackFlags(): Promise<void>;
}

/** Makes what is missing. `flags` win over the stored configuration and are stored. */
export async function prepareInstallation(
  data: DataDirectory,
  { flags, clock }: { flags: Partial<ServerConfig>; clock: Clock },
): Promise<PreparedInstallation> {
  createDataDirectory(data);
  const stored = readConfig(data);
  const config = parseServerConfig(
    { ...serverConfigDefaults, ...stored, ...flags },
    { file: configFile(data), flags: { ...flags } },
  );
  refuseChangedRanges(stored, config);
  if (config.schedulerConfig !== undefined) {
    // Read where it is used; here only so that a wrong file is told to who names it.
    const { schedulerConfigurationOf } = await import('./scheduler-configuration.ts');
    schedulerConfigurationOf(config);
  }
  if (JSON.stringify(stored) !== JSON.stringify(config)) await writeConfig(data, config);
  const installation = await openInstallation(data, clock, config);
  await writeAdminKubeconfig(installation, clock);
  const { clusterCidr, serviceCidr, clusterDomain } = config;
  return {
    ...installation,
    takeBackFlags: () =>
      writeConfig(data, { ...serverConfigDefaults, ...stored, clusterCidr, serviceCidr, clusterDomain }),
  };
}

function writeConfig(data: DataDirectory, config: ServerConfig): Promise<void> {
  return writeFileAtomically(configFile(data), `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
}

/** For the processes that the center starts: everything as `prepareInstallation` left it. */
export async function openInstallation(
  data: DataDirectory,
  clock: Clock,
  config = storedConfig(data),
): Promise<Installation> {
  const authority = await loadOrCreateCertificateAuthority({
    directory: data.pki,
    name: 'ca',
    commonName: 'skerry-ca',
    clock,
  });
  return {
    data,
    config,
    authority,
    serviceAccountKey: await loadOrCreateServiceAccountKey(data.pki),
    formerServiceAccountKeys: await loadFormerServiceAccountKeys(data.pki),
    valueKeys: await loadOrCreateValueKeys(data.pki),
    serverCertificate: await serverCertificate(data, config, authority, clock),
    frontProxy: await frontProxy(data, clock),
    componentTokens: {
      controllers: await loadOrCreateToken(join(data.run, 'controllers-token')),
      scheduler: await loadOrCreateToken(join(data.run, 'scheduler-token')),
      people: await loadOrCreateToken(join(data.run, 'people-token')),
      reader: await loadOrCreateToken(join(data.run, 'reader-token')),
      keeper: await loadOrCreateToken(join(data.run, 'keeper-token')),
      meter: await loadOrCreateToken(join(data.run, 'meter-token')),
    },
  };
}

/** What ends and is renewed; the authority itself lasts ten years. */
export interface RenewedCertificates {
  readonly serverCertificate: KeyPair;
  readonly frontProxy: Installation['frontProxy'];
}

/** The certificates of now: those on disk, or new ones where they end within sixty days. The administrator's kubeconfig too. */
export async function renewCertificates(
  installation: Installation,
  clock: Clock,
): Promise<RenewedCertificates> {
  const { data, config, authority } = installation;
  await writeAdminKubeconfig(installation, clock);
  return {
    serverCertificate: await serverCertificate(data, config, authority, clock),
    frontProxy: await frontProxy(data, clock),
  };
}

async function frontProxy(data: DataDirectory, clock: Clock): Promise<Installation['frontProxy']> {
  const directory = data.pki;
  const commonName = 'skerry-front-proxy-ca';
  const authority = await loadOrCreateCertificateAuthority({
    directory,
    name: 'front-proxy-ca',
    commonName,
    clock,
  });
  const clientCertificate = await loadOrIssue({
    directory,
    name: frontProxyName,
    clock,
    renewBeforeMs,
    fits: () => true,
    issue: () => authority.issueClientCertificate({ user: frontProxyName }),
  });
  return { authorityPem: authority.certificatePem, clientCertificate };
}

/** Fails with `server-not-here` where no center was ever started. */
function storedConfig(data: DataDirectory): ServerConfig {
  const stored = readConfig(data);
  if (Object.keys(stored).length === 0) {
    throw new SkerryError(
      'server-not-here',
      `there is no center in ${data.path}; run this where \`skerry server\` or \`skerry up\` runs, or name its folder with --data-dir`,
    );
  }
  return parseServerConfig(stored, { file: configFile(data) });
}

/** Fails with `server-not-here` where no center was ever started. */
export function requireCenter(data: DataDirectory): void {
  storedConfig(data);
}

/** Every name and address that the server's certificate must hold. */
function serverNames({ listenAddress, advertise, serviceCidr, clusterDomain }: ServerConfig) {
  const listened =
    listenAddress === '0.0.0.0' || listenAddress === '::' ? machineAddresses() : [listenAddress];
  const addresses = new Set(['127.0.0.1', '::1', firstAddress(serviceCidr), ...listened]);
  const names = new Set([
    'localhost',
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    `kubernetes.default.svc.${clusterDomain}`,
  ]);
  for (const value of advertise) (isIP(value) ? addresses : names).add(value);
  return { dnsNames: [...names], ipAddresses: [...addresses] };
}

function serverCertificate(
  data: DataDirectory,
  config: ServerConfig,
  authority: CertificateAuthority,
  clock: Clock,
): Promise<KeyPair> {
  const names = serverNames(config);
  return loadOrIssue({
    directory: data.pki,
    name: 'server',
    clock,
    renewBeforeMs,
    fits: ({ certificatePem }) => {
      const certificate = new X509Certificate(certificatePem);
      return (
        names.ipAddresses.every((address) => certificate.checkIP(address) !== undefined) &&
        names.dnsNames.every((name) => certificate.checkHost(name) !== undefined)
      );
    },
    // Machines that are about to join pin this key.
    issue: (former) =>
      authority.issueServerCertificate({ commonName: 'skerry-server', ...names, keyPem: former?.keyPem }),
  });
}

/** Anew each time, so that one that was lost, or left behind by a backup, is there again. */
export async function writeAdminKubeconfig(
  { data, config, authority }: Installation,
  clock: Clock,
): Promise<void> {
  const pair = await loadOrIssue({
    directory: data.pki,
    name: 'admin',
    clock,
    renewBeforeMs,
    fits: () => true,
    issue: () => authority.issueClientCertificate({ user: 'kubernetes-admin', groups: ['system:masters'] }),
  });
  await writeKubeconfig(data.adminKubeconfig, {
    cluster: config.clusterName,
    user: 'kubernetes-admin',
    server: `https://${reachableAddress(config)}:${config.port}`,
    ca: authority.certificatePem,
    clientCertificate: pair.certificatePem,
    clientKey: pair.keyPem,
  });
}

/** Where this machine itself reaches the API. */
export function reachableAddress({ listenAddress }: ServerConfig): string {
  if (listenAddress === '0.0.0.0') return '127.0.0.1';
  if (isIP(listenAddress) === 6) return listenAddress === '::' ? '[::1]' : `[${listenAddress}]`;
  return listenAddress;
}

function machineAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter((address) => !address.address.startsWith('fe80:'))
    .map((address) => address.address);
}

function configFile(data: DataDirectory): string {
  return join(data.server, 'config.json');
}

function readConfig(data: DataDirectory): Record<string, unknown> {
  const file = configFile(data);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new SkerryError('config-invalid', `cannot read ${file}: ${(error as Error).message}`, {
      cause: error,
    });
  }
  const refuse = (why: string) =>
    new SkerryError(
      'config-invalid',
      `${file} is not complete JSON (${why}); mend it, or remove it to start with defaults and flags`,
    );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw refuse((error as Error).message);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse('it holds no object');
  return value as Record<string, unknown>;
}

/** Machines hold addresses of the ranges: a change would strand them. */
function refuseChangedRanges(stored: Record<string, unknown>, config: ServerConfig): void {
  for (const field of ['clusterCidr', 'serviceCidr', 'clusterDomain'] as const) {
    const before = stored[field];
    if (before === undefined || before === config[field]) continue;
    const isRange = field !== 'clusterDomain' && typeof before === 'string';
    if (!isRange || !isExtended(before, config[field])) {
      throw new SkerryError(
        'config-immutable',
        `${flagOf(field)} of this cluster is ${JSON.stringify(before)} and can't become ${config[field]}; start a new cluster with another --data-dir`,
      );
    }
  }
}
