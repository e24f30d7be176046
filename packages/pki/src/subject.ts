import type * as X509 from '@peculiar/x509';

/** Who a certificate is about; the API server reads the common name as user and the organizations as groups. */
export interface Subject {
  readonly commonName: string;
  readonly organizations: readonly string[];
}

/** One organization per RDN, then the common name, all UTF-8: no character has a second meaning. */
export function distinguishedName(x509: typeof X509, { commonName, organizations }: Subject): X509.Name {
  return new x509.Name([
    ...organizations.map((value) => ({ O: [{ utf8String: value }] })),
    ...(commonName === '' ? [] : [{ CN: [{ utf8String: commonName }] }]),
  ]);
}

/** User and groups of a certificate as `tls.TLSSocket.getPeerCertificate()` gives its subject. */
export function subjectOfPeer(subject: {
  readonly CN?: string | string[];
  readonly O?: string | string[];
}): Subject {
  const listOf = (value: string | string[] | undefined) =>
    value === undefined ? [] : Array.isArray(value) ? value : [value];
  return { commonName: listOf(subject.CN)[0] ?? '', organizations: listOf(subject.O) };
}
