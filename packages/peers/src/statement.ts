/**
 * What a member says of itself, signed with the key of its node certificate, so that whoever passes it on can't change it.
 * A statement counts only with a certificate of the pool, for the member that it is about.
 */
import { sign, verify, X509Certificate } from 'node:crypto';
import * as z from 'zod';
import type { PeerIdentity } from './peer-identity.ts';
import type { SignedStatement } from './protocol.ts';

const podsMax = 1_000;
const countSchema = z.int().min(0);
const podSchema = z.object({
  uid: z.string().max(128),
  addresses: z
    .array(z.union([z.ipv4(), z.ipv6()]))
    .max(16)
    .readonly(),
  isReady: z.boolean(),
  isTerminating: z.boolean(),
  hasEnded: z.boolean(),
});

const schema = z.object({
  node: z.string().max(253),
  epoch: countSchema,
  sequence: countSchema,
  /** Whether it has a link to the center. */
  isLinked: z.boolean(),
  /** Members that it should hear and does not. */
  silent: z.array(z.string().max(253)).max(64),
  pods: z.array(podSchema).max(podsMax),
});

export type Statement = z.infer<typeof schema>;
export type PeerPod = z.infer<typeof podSchema>;

export interface Credentials {
  readonly certificatePem: string;
  readonly keyPem: string;
}

/** What is signed begins with what it is: no other signature of the same key can pass for one. */
const prefix = 'skerry pool member statement 1\n';

export function signStatement(
  statement: Statement,
  { certificatePem, keyPem }: Credentials,
): SignedStatement {
  const text = JSON.stringify({ ...statement, pods: statement.pods.slice(0, podsMax) });
  const signature = sign('sha256', Buffer.from(prefix + text), keyPem).toString('base64');
  return { text, signature, certificatePem };
}

/** Undefined for what was not said by the member that it names. */
export function readStatement(signed: SignedStatement, identity: PeerIdentity): Statement | undefined {
  try {
    const certificate = new X509Certificate(signed.certificatePem);
    const node = identity.nodeOf(certificate);
    if (node === undefined) return undefined;
    const signature = Buffer.from(signed.signature, 'base64');
    if (!verify('sha256', Buffer.from(prefix + signed.text), certificate.publicKey, signature))
      return undefined;
    const parsed = schema.safeParse(JSON.parse(signed.text));
    return parsed.success && parsed.data.node === node ? parsed.data : undefined;
  } catch {
    // No certificate, no JSON: nobody's statement.
    return undefined;
  }
}
