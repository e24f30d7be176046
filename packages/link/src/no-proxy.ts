/**
 * `NO_PROXY`, as curl and Go's clients read it: names with all below them, addresses, networks (`10.0.0.0/8`), each with a port if it is
 * for that alone, or `*` for everything; separated by commas or spaces. What is on this machine itself needs no proxy either.
 * https://pkg.go.dev/golang.org/x/net/http/httpproxy
 */
import { BlockList, isIP } from 'node:net';

export function isExcepted(
  { host, port }: { readonly host: string; readonly port: number },
  noProxy: string | undefined,
): boolean {
  const name = host.toLowerCase().replace(/\.$/, '');
  if (name === 'localhost' || isLoopback(name)) return true;
  return (noProxy ?? '')
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => excepts(entry, { name, port }));
}

function excepts(entry: string, { name, port }: { name: string; port: number }): boolean {
  if (entry === '*') return true;
  if (entry.includes('/')) return isIn(name, entry);
  const [, bracketed, plain, only] =
    (isIP(entry) ? undefined : /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(entry)) ?? [];
  if (only !== undefined && Number(only) !== port) return false;
  const wanted = bracketed ?? plain ?? entry;
  const family = isIP(wanted);
  if (family !== 0) return isIn(name, `${wanted}/${family === 6 ? 128 : 32}`);
  const domain = wanted.replace(/^\*?\./, '');
  return name === domain || name.endsWith(`.${domain}`);
}

/** Asked for at each try of thousands of links. */
function isLoopback(address: string): boolean {
  const family = isIP(address);
  return family === 4 ? address.startsWith('127.') : family === 6 && isIn(address, '::1/128');
}

/** False for names, which are not looked up for this. */
function isIn(address: string, network: string): boolean {
  const [base = '', length = ''] = network.split('/');
  const family = isIP(base);
  const bits = Number(length);
  if (family === 0 || isIP(address) !== family || !(bits >= 0 && bits <= (family === 6 ? 128 : 32)))
    return false;
  const kind = family === 6 ? 'ipv6' : 'ipv4';
  const list = new BlockList();
  list.addSubnet(base, bits, kind);
  return list.check(address, kind);
}
