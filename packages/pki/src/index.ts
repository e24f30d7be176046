export {
  clockSkewMs,
  createCertificateAuthority,
  leafValidityMs,
  openCertificateAuthority,
  type CertificateAuthority,
  type CertificateAuthorityOptions,
  type CertificateUsage,
  type ClientCertificateOptions,
  type KeyPair,
  type ServerCertificateOptions,
  type SignRequestOptions,
} from './certificate-authority.ts';
export {
  createCertificateRequest,
  digestOfRequest,
  parseCertificateRequest,
  type CertificateRequest,
  type CertificateRequestOptions,
} from './certificate-request.ts';
export { frontProxyName } from './front-proxy.ts';
export { describeCertificate, isKeyOf, type CertificateFacts } from './certificate.ts';
export { joinLine, joinScriptPath, requireShellSafe, type JoinLineOptions } from './join-line.ts';
export { makePrivateDirectory, writeFileAtomically } from './file.ts';
export {
  bootstrapTokenOf,
  createJoinToken,
  formatJoinToken,
  parseJoinToken,
  type JoinToken,
} from './join-token.ts';
export {
  loadFormerServiceAccountKeys,
  loadKeyPair,
  loadOrCreateCertificateAuthority,
  loadOrCreateServiceAccountKey,
  loadOrIssue,
  replaceServiceAccountKey,
  saveKeyPair,
} from './key-store.ts';
export {
  generatePrivateKey,
  hashCertificateKey,
  hashPublicKey,
  pinOfCertificate,
  publicKeyOf,
} from './key.ts';
export { decodePem, encodePem } from './pem.ts';
export {
  createServiceAccountKey,
  openServiceAccountKey,
  type ServiceAccountKey,
} from './service-account-key.ts';
export { addValueKey, loadOrCreateValueKeys, type ValueKey } from './value-keys.ts';
export { subjectOfPeer, type Subject } from './subject.ts';
export {
  bootstrapExtra,
  bootstrapSecretData,
  bootstrapSecretName,
  bootstrapSecretType,
  ownerGroupPrefix,
  poolGroupPrefix,
  type BootstrapSecretOptions,
} from './bootstrap-secret.ts';
export {
  decideHubRequest,
  decideNodeRequest,
  hubAddress,
  hubDnsNames,
  ownerOfGroups,
  poolOfGroups,
  recordTokenUse,
  signForSigner,
  signers,
  tokenUses,
  type HubRequestFacts,
  type NodeRequestDecision,
  type NodeRequestFacts,
  type SigningFacts,
} from './node-request.ts';
export { IssuerKeys, type FetchJson, type IssuerKeysOptions } from './issuers/issuer-keys.ts';
export {
  isSigned,
  parseToken,
  signatureAlgorithms,
  type SignatureAlgorithm,
  type UnverifiedToken,
} from './issuers/signature.ts';
export { endedGraceMs, endedKeyExtra, endedNodeCertificate, endedNodesGroup } from './ended-certificate.ts';
