/**
 * Remembers what a center gave for coming back: with it the next handshake costs either end half of its work and a third of its
 * bytes, since neither shows a certificate again. Who comes back with it is who came before: a new certificate or authority of
 * this machine, or another name of the center, begins anew. A center that does not know it any more does a whole handshake.
 *
 * What was refused is forgotten. A connection that only broke says nothing against it: so do all that a balancer in front of a
 * center that is away accepts. Lest something between refuses just such handshakes, each fourth after that is a whole one.
 */
import tls from 'node:tls';

export interface Ends {
  readonly ca: string | Buffer | (string | Buffer)[];
  readonly cert: string | Buffer;
  readonly serverName: string;
}

const brokenMax = 3;

export class Resumption {
  #of: Ends | undefined;
  #session: Buffer | undefined;
  #broken = 0;
  #context:
    | { readonly of: Ends; readonly key: string | Buffer; readonly made: tls.SecureContext }
    | undefined;

  session(ends: Ends): Buffer | undefined {
    return this.#broken < brokenMax && isSame(this.#of, ends) ? this.#session : undefined;
  }

  keep(ends: Ends, session: Buffer): void {
    this.#of = ends;
    this.#session = session;
    this.#broken = 0;
  }

  /** `broke`: nobody has said why. */
  failed({ broke }: { broke: boolean }): void {
    if (broke) this.#broken = this.#broken < brokenMax ? this.#broken + 1 : 0;
    else this.#session = undefined;
  }

  /** What a handshake needs of this machine; reading certificates and key anew for each is a tenth of its work. */
  context({ ca, cert, key, serverName }: Ends & { readonly key: string | Buffer }): tls.SecureContext {
    const ends = { ca, cert, serverName };
    if (!this.#context || this.#context.key !== key || !isSame(this.#context.of, ends))
      this.#context = { of: ends, key, made: secureContext({ ca, cert, key }) };
    return this.#context.made;
  }
}

export function secureContext(parts: {
  readonly ca: Ends['ca'];
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
}): tls.SecureContext {
  return tls.createSecureContext({ ...parts, minVersion: 'TLSv1.3' });
}

function isSame(one: Ends | undefined, other: Ends): boolean {
  return one?.serverName === other.serverName && isEqual(one.cert, other.cert) && isEqual(one.ca, other.ca);
}

function isEqual(one: Ends['ca'], other: Ends['ca']): boolean {
  if (one === other) return true;
  const [ones, others] = [[one].flat(), [other].flat()];
  return ones.length === others.length && ones.every((each, index) => String(each) === String(others[index]));
}
