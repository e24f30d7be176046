/** Certificates out of Secrets, parsed once for each state of a Secret. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { Secret } from '@skerry/api';
import type { Certificate } from '#routing/port-table.ts';

export class Certificates {
  readonly #known = new WeakMap<Secret, Certificate | string>();

  /** Why it is none, as a text. */
  of(secret: Secret): Certificate | string {
    let found = this.#known.get(secret);
    if (found === undefined) this.#known.set(secret, (found = parse(secret)));
    return found;
  }
}

function parse({ data, metadata }: Secret): Certificate | string {
  const name = `Secret ${metadata.namespace}/${metadata.name}`;
  const [certificate, key] = ['tls.crt', 'tls.key'].map((field) =>
    Buffer.from(data?.[field] ?? '', 'base64'),
  );
  if (!certificate?.length || !key?.length) return `${name} has no tls.crt or no tls.key`;
  try {
    if (!new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key)))
      return `the key in ${name} is not its certificate's`;
    return { certificate, key, context: createSecureContext({ cert: certificate, key }) };
  } catch {
    // What a parser says of a key is nobody's to read.
    return `${name} has no certificate and key that can be read`;
  }
}
