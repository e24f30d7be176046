/**
 * Connections to where a kubeconfig of somebody else leads. The name is resolved for this connection and each address is
 * checked; the one that is dialled is one that was checked, so a name that answers differently the second time leads nowhere.
 */
import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import { connect, isIP, type LookupFunction, type Socket } from 'node:net';
import { SkerryError } from '@skerry/base';
import type { AddressRules } from '#clusters/import/address-rules.ts';

export type Resolve = (
  host: string,
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** All addresses of a name, as the machine's resolver has them. */
export const resolveBySystem: Resolve = (host, done) =>
  systemLookup(host, { all: true, verbatim: true }, done);

/** A dialer for `createHttpTransport`. The socket fails with `address-refused` where it would lead to a refused address. */
export function guardedDial(
  rules: AddressRules,
  resolve: Resolve = resolveBySystem,
): (target: { readonly host: string; readonly port: number }) => Socket {
  const lookup: LookupFunction = (host, options, done) => {
    resolve(host, (error, addresses) => {
      if (error) {
        done(error, '', 0);
        return;
      }
      const fault = addresses.map(({ address }) => rules.fault(address)).find((why) => why !== undefined);
      if (fault !== undefined || addresses.length === 0) {
        done(refused(host, fault ?? 'it has no address'), '', 0);
        return;
      }
      if (options.all) done(null, addresses);
      else done(null, addresses[0]?.address ?? '', addresses[0]?.family);
    });
  };
  return ({ host, port }) => {
    const socket = connect({ host, port, lookup, noDelay: true });
    // An address needs no resolving, so nobody would ask for it.
    const fault = isIP(host) === 0 ? undefined : rules.fault(host);
    if (fault !== undefined) socket.destroy(refused(host, fault));
    return socket;
  };
}

function refused(host: string, why: string): NodeJS.ErrnoException {
  const error = new SkerryError(
    'address-refused',
    `${host} is not dialled: ${why}; the center's --import-allow can name it`,
  );
  return error;
}
