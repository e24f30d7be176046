/** Header fields on their way through: what belongs to a connection ends here, and what the next one must know is added. */
import type { HeaderFields } from '#backends/backend-requests.ts';
import type { HeaderChanges } from '#routing/route.ts';

const ofConnection = new Set([
  'connection',
  'expect',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
]);

/** Those of a message that are meant for its receiver, without pseudo fields. */
export function endToEnd(headers: HeaderFields): HeaderFields {
  const named = namedByConnection(headers['connection']);
  const kept: HeaderFields = {};
  for (const [name, value] of Object.entries(headers))
    if (!ofConnection.has(name) && !name.startsWith(':') && !named?.has(name)) kept[name] = value;
  return kept;
}

function namedByConnection(value: string | string[] | undefined): Set<string> | undefined {
  if (typeof value !== 'string') return undefined;
  const names = value.toLowerCase().split(',');
  return names.length > 1 || !ofConnection.has(names[0]!.trim())
    ? new Set(names.map((name) => name.trim()))
    : undefined;
}

export function changeHeaders(headers: HeaderFields, changes: HeaderChanges | undefined): void {
  if (!changes) return;
  for (const { name, value } of changes.set) headers[name] = value;
  for (const { name, value } of changes.add) {
    const all = [headers[name] ?? [], value].flat();
    // Cookies alone can't stand in one line.
    headers[name] = name === 'set-cookie' ? all : all.join(', ');
  }
  for (const name of changes.remove) delete headers[name];
}

export interface Origin {
  readonly address: string;
  readonly scheme: 'http' | 'https';
  readonly authority: string;
  readonly port: number;
}

/** Whatever the client claims of itself is replaced: behind another proxy nobody vouches for it here. */
export function tellOrigin(headers: HeaderFields, { address, scheme, authority, port }: Origin): void {
  headers['x-forwarded-for'] = address;
  headers['x-real-ip'] = address;
  headers['x-forwarded-proto'] = scheme;
  headers['x-forwarded-host'] = authority;
  headers['x-forwarded-port'] = String(port);
  delete headers['forwarded'];
}
