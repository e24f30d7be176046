/**
 * Whom to ask about names that aren't the cluster's: the ConfigMap `kube-system/kube-dns` in the form that Kubernetes
 * documents for it, and the machine's own resolvers where it says nothing.
 * https://kubernetes.io/docs/tasks/administer-cluster/dns-custom-nameservers/
 */
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { isRecord } from '@skerry/base';
import type { UpstreamAddress } from '#dns/upstream.ts';

export interface NameServerConfig {
  readonly upstreams: readonly UpstreamAddress[];
  /** By domain, in lower case without the dot at its end. */
  readonly stubDomains: ReadonlyMap<string, readonly UpstreamAddress[]>;
}

export interface ParsedConfig {
  readonly upstreams: readonly UpstreamAddress[];
  readonly stubDomains: NameServerConfig['stubDomains'];
  /** What was left out and why, for people. */
  readonly faults: readonly string[];
}

const port = 53;
const upstreamsMax = 3;
const stubDomainsMax = 256;
/** What systemd's stub resolver listens on, in the host's network alone, and where it says whom it asks itself. */
const systemdStub = '127.0.0.53';
const systemdResolvers = '/run/systemd/resolve/resolv.conf';

export function parseNameServerConfig(data: Readonly<Record<string, string>>): ParsedConfig {
  const faults: string[] = [];
  const upstreams: UpstreamAddress[] = [];
  for (const text of list(parseJson(data, 'upstreamNameservers', faults), 'upstreamNameservers', faults)) {
    const address = parseServer(text);
    if (!address) faults.push(`upstreamNameservers: ${JSON.stringify(text)} is no address`);
    else if (upstreams.length < upstreamsMax) upstreams.push(address);
    else faults.push(`upstreamNameservers: more than ${upstreamsMax}`);
  }
  const stubDomains = new Map<string, readonly UpstreamAddress[]>();
  const stubs = parseJson(data, 'stubDomains', faults);
  if (stubs !== undefined && !isRecord(stubs)) faults.push('stubDomains: must be a JSON object');
  for (const [domain, servers] of Object.entries(isRecord(stubs) ? stubs : {}).slice(0, stubDomainsMax)) {
    const addresses = list(servers, `stubDomains.${domain}`, faults).flatMap(
      (text) => parseServer(text) ?? [],
    );
    if (addresses.length > 0) stubDomains.set(domain.toLowerCase().replace(/\.$/, ''), addresses);
    else faults.push(`stubDomains: ${domain} has no address to ask`);
  }
  return { upstreams, stubDomains, faults };
}

/** The machine's resolvers, without those that we answer at ourselves. */
export async function machineResolvers(own: readonly string[]): Promise<UpstreamAddress[]> {
  let servers = nameservers(await readFile('/etc/resolv.conf', 'utf8').catch(() => ''));
  if (servers.every((server) => server === systemdStub)) {
    const real = nameservers(await readFile(systemdResolvers, 'utf8').catch(() => ''));
    if (real.length > 0) servers = real;
  }
  return servers
    .filter((server) => !own.includes(server))
    .slice(0, upstreamsMax)
    .map((host) => ({ host, port }));
}

function nameservers(text: string): string[] {
  return [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)]
    .map(([, host = '']) => host)
    .filter((host) => isIP(host));
}

function parseJson(data: Readonly<Record<string, string>>, key: string, faults: string[]): unknown {
  const text = data[key];
  if (text === undefined || text.trim() === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    faults.push(`${key}: no JSON`);
    return undefined;
  }
}

function list(value: unknown, key: string, faults: string[]): unknown[] {
  if (value === undefined) return [];
  if (Array.isArray(value)) return value;
  faults.push(`${key}: must be a list of addresses`);
  return [];
}

/** `10.0.0.1`, `10.0.0.1:5353`, `[2001:db8::1]:5353`. */
function parseServer(text: unknown): UpstreamAddress | undefined {
  if (typeof text !== 'string') return undefined;
  if (isIP(text)) return { host: text, port };
  const [, bracketed, plain, digits] = /^(?:\[(.+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain ?? '';
  const number = Number(digits);
  return isIP(host) && number > 0 && number < 65_536 ? { host, port: number } : undefined;
}
