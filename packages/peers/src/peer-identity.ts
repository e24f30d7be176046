/**
 * Who a member of the pool is: by the node certificate that the cluster's authority gave it, with the pool in it. The same
 * certificate serves at both ends of a call, though it is made for clients, so that it is verified here and not by TLS, which
 * proves no more than that the other end has the key.
 *
 * Its end does not count: a machine that is cut off can't renew it, and the membership of a pool ends when the center takes the
 * machine out of it.
 */
import { X509Certificate } from 'node:crypto';
import { decodePem, poolOfGroups, subjectOfPeer } from '@skerry/pki';

const nodeUser = /^system:node:(.+)$/;
const nodesGroup = 'system:nodes';
const knownMax = 2_048;

export class PeerIdentity {
  readonly #authorities: readonly X509Certificate[];
  readonly #pool: string;
  /** Verifying costs; the same few certificates are seen all day. By fingerprint. */
  readonly #known = new Map<string, string | undefined>();

  constructor({ authorityPem, pool }: { readonly authorityPem: string; readonly pool: string }) {
    this.#authorities = decodePem(authorityPem, 'CERTIFICATE').map((der) => new X509Certificate(der));
    this.#pool = pool;
  }

  /** The node's name; undefined for every certificate that is not of a node of this pool. */
  nodeOf(certificate: X509Certificate | undefined): string | undefined {
    if (!certificate) return undefined;
    const { fingerprint256 } = certificate;
    if (this.#known.has(fingerprint256)) return this.#known.get(fingerprint256);
    if (this.#known.size >= knownMax) this.#known.clear();
    const node = this.#verified(certificate);
    this.#known.set(fingerprint256, node);
    return node;
  }

  #verified(certificate: X509Certificate): string | undefined {
    const isOurs = this.#authorities.some(
      (authority) => certificate.checkIssued(authority) && certificate.verify(authority.publicKey),
    );
    if (!isOurs || certificate.ca) return undefined;
    const { commonName, organizations } = subjectOfPeer(certificate.toLegacyObject().subject);
    if (!organizations.includes(nodesGroup) || poolOfGroups(organizations) !== this.#pool) return undefined;
    return nodeUser.exec(commonName)?.[1];
  }
}
