/**
 * Remembers what a center gave for coming back: with it the next handshake costs either end half of its work and a third of its
 * bytes, since neither shows a certificate again. Who comes back with it is who came before: a new certificate or authority of
 * this machine, or another name of the center, begins anew. A center that does not know it any more does a whole handshake.
 */
import { createHash } from 'node:crypto';

export interface Ends {
  readonly ca: string | Buffer | (string | Buffer)[];
  readonly cert: string | Buffer;
  readonly serverName: string;
}

export class Resumption {
  #of = '';
  #session: Buffer | undefined;

  session(ends: Ends): Buffer | undefined {
    return this.#of === nameOf(ends) ? this.#session : undefined;
  }

  keep(ends: Ends, session: Buffer): void {
    this.#of = nameOf(ends);
    this.#session = session;
  }

  forget(): void {
    this.#session = undefined;
  }
}

function nameOf({ ca, cert, serverName }: Ends): string {
  const hash = createHash('sha256');
  for (const part of [serverName, cert, ...[ca].flat()]) hash.update(part).update('\0');
  return hash.digest('base64');
}
