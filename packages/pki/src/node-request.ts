/**
 * Which certificate requests of nodes are approved without a person, and how they are signed. Pure: the controller gathers
 * the facts, writes the decision and counts the use of the token.
 *
 * A node is let in by a bootstrap token, once for each name: for a name whose Node exists only that node itself may get a
 * new certificate, so nobody who holds a token can take a running node's place. The pool that a token is bound to goes into
 * the certificate as group `skerry.io:pool:<pool>`, the token's owner as `skerry.io:owner:<owner>`, and both from there into the
 * next one at every renewal.
 * https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/#kubernetes-signers
 */
import { SkerryError } from '@skerry/base';
import { bootstrapExtra, ownerGroupPrefix, poolGroupPrefix } from '#bootstrap-secret.ts';
import type { CertificateAuthority, CertificateUsage } from '#certificate-authority.ts';
import { leafValidityMs } from '#certificate-authority.ts';
import type { CertificateRequest } from '#certificate-request.ts';
import { endedKeyExtra, endedNodesGroup } from '#ended-certificate.ts';

export const signers = {
  client: 'kubernetes.io/kube-apiserver-client',
  node: 'kubernetes.io/kube-apiserver-client-kubelet',
  nodeServing: 'kubernetes.io/kubelet-serving',
  /** Of the API that a node's hub serves to its pods, under the API's own names. */
  hubServing: 'skerry.io/hub-serving',
} as const;

/** Where a node's hub is, on every node: an address that no packet leaves the machine for. */
export const hubAddress = '169.254.20.1';

/** Names by which pods call the API. */
export const hubDnsNames: readonly string[] = [
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
  'localhost',
];
const hubLocalAddresses: readonly string[] = [hubAddress, '127.0.0.1', '::1'];

const nodeUserPrefix = 'system:node:';
const nodesGroup = 'system:nodes';
const bootstrappersGroup = 'system:bootstrappers';
const secondsMin = 600;

export interface NodeRequestFacts {
  /** `spec.signerName`, `spec.usages` of the CertificateSigningRequest. */
  readonly signerName: string;
  readonly usages: readonly string[];
  /** `spec.username`, `spec.groups`, `spec.extra`: who asked, as the API server recorded it. */
  readonly requester: {
    readonly username: string;
    readonly groups: readonly string[];
    readonly extra?: Readonly<Record<string, readonly string[]>>;
  };
  /** `spec.request`, parsed: its signature has been verified. */
  readonly request: CertificateRequest;
  /** Whether a Node of the requested name exists. */
  readonly nodeExists: boolean;
  /** Whether another machine's request for this name was approved and its Node is still to come. */
  readonly nameReserved?: boolean;
  /** Whether the pool that the token is bound to exists; asked only when there is one. */
  readonly poolExists?: boolean;
  /** Data of the requester's bootstrap Secret (base64, as in the API); undefined when it is gone or there is none. */
  readonly tokenData?: Readonly<Record<string, string>>;
}

export type NodeRequestDecision =
  /** `countUse`: record the node in the token with `recordTokenUse` before approving. */
  | { readonly kind: 'approve'; readonly node: string; readonly pool?: string; readonly countUse: boolean }
  | { readonly kind: 'deny'; readonly node: string; readonly reason: string; readonly message: string }
  /** Not a request that is decided here; a person or another controller may. */
  | { readonly kind: 'ignore'; readonly why: string };

export function decideNodeRequest(facts: NodeRequestFacts): NodeRequestDecision {
  const { requester, request } = facts;
  const why = whyNoNodeRequest(facts);
  if (why !== undefined) return { kind: 'ignore', why };
  const node = request.commonName.slice(nodeUserPrefix.length);
  if (requester.username === request.commonName && requester.groups.includes(nodesGroup)) {
    // Whoever is deleted can't go on under a certificate that was asked for just before.
    if (!facts.nodeExists) return { kind: 'deny', node, ...nodeGone(node) };
    const pool = poolOfGroups(requester.groups);
    return { kind: 'approve', node, countUse: false, ...(pool ? { pool } : {}) };
  }
  if (requester.username === request.commonName && requester.groups.includes(endedNodesGroup)) {
    return renewalPastEnd(facts, node);
  }
  if (!requester.groups.includes(bootstrappersGroup)) {
    return { kind: 'ignore', why: `${requester.username} may not request certificates of nodes` };
  }
  if (!isNodeName(node)) return { kind: 'deny', node, ...nameInvalid };
  const deny = (reason: string, message: string) => ({ kind: 'deny', node, reason, message }) as const;
  if (facts.nodeExists || facts.nameReserved) {
    return deny('NodeExists', `a node named ${node} already exists in the cluster`);
  }
  if (!facts.tokenData) return deny('TokenGone', 'the join token has been deleted or has expired');
  const { uses, usedBy } = tokenUses(facts.tokenData);
  const counted = usedBy.includes(node);
  if (uses !== undefined && !counted && usedBy.length >= uses) {
    return deny('TokenUsedUp', `the join token has been used for ${usedBy.length} of ${uses} nodes`);
  }
  const pool = requester.extra?.[bootstrapExtra.pool]?.[0];
  if (pool !== undefined && facts.poolExists === false) {
    return deny('PoolMissing', `the node pool ${pool} of the join token does not exist`);
  }
  return {
    kind: 'approve',
    node,
    countUse: uses !== undefined && !counted,
    ...(pool === undefined ? {} : { pool }),
  };
}

/** Whoever has an ended certificate alone gets one for its key, and no other: who stole just the certificate has nothing. */
function renewalPastEnd(
  { requester, request, nodeExists }: NodeRequestFacts,
  node: string,
): NodeRequestDecision {
  if (!nodeExists) return { kind: 'deny', node, ...nodeGone(node) };
  if (requester.extra?.[endedKeyExtra]?.[0] !== request.publicKeyHash) {
    const message = 'past its end a certificate is renewed for the same key only; join again';
    return { kind: 'deny', node, reason: 'KeyDiffers', message };
  }
  const pool = poolOfGroups(requester.groups);
  return { kind: 'approve', node, countUse: false, ...(pool ? { pool } : {}) };
}

export interface HubRequestFacts extends Pick<
  NodeRequestFacts,
  'usages' | 'requester' | 'request' | 'nodeExists'
> {
  /** Addresses of the Service `default/kubernetes`. */
  readonly serviceAddresses: readonly string[];
}

/**
 * A hub's serving certificate is for the node that asks itself, and for the names and addresses of hubs alone: a node that is
 * broken into can pretend to be the API to its own pods, which it could anyway, and to nobody else by an address of its own.
 */
export function decideHubRequest(facts: HubRequestFacts): NodeRequestDecision {
  const { request, requester, usages, nodeExists, serviceAddresses } = facts;
  const node = request.commonName.startsWith(nodeUserPrefix)
    ? request.commonName.slice(nodeUserPrefix.length)
    : '';
  const deny = (reason: string, message: string) => ({ kind: 'deny', node, reason, message }) as const;
  if (requester.username !== request.commonName || !requester.groups.includes(nodesGroup))
    return deny('NotThisNode', `${requester.username} is not the node that the certificate is for`);
  if (!nodeExists) return { kind: 'deny', node, ...nodeGone(node) };
  const fault = hubFault(request, usages);
  if (fault !== undefined) return deny('NotAHub', fault);
  const allowed = new Set([...hubLocalAddresses, ...serviceAddresses]);
  const other = request.ipAddresses.find((address) => !allowed.has(address));
  if (other !== undefined) return deny('NotAHub', `${other} is not an address of a hub`);
  return { kind: 'approve', node, countUse: false };
}

function hubFault(request: CertificateRequest, usages: readonly string[]): string | undefined {
  const fault = subjectFault(request);
  if (fault !== undefined) return fault;
  if (request.emailAddresses.length + request.uris.length > 0) return 'it names addresses other than hosts';
  const other = request.dnsNames.find((name) => !hubDnsNames.includes(name));
  if (other !== undefined) return `${other} is not a name of a hub`;
  if (request.ipAddresses.length === 0) return 'it names no address';
  return exactUsageFault(usages, 'server auth') ?? nodeNameFault(request);
}

function nodeGone(node: string) {
  return { reason: 'NodeGone', message: `the node ${node} has been deleted; join again` } as const;
}

const nameInvalid = {
  reason: 'NodeNameInvalid',
  message: 'the name of a node must be a lowercase RFC 1123 subdomain of at most 253 characters',
} as const;

function isNodeName(name: string): boolean {
  return name.length <= 253 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(name);
}

/** The pool in the groups of a node's user or certificate. */
export function poolOfGroups(groups: readonly string[]): string | undefined {
  const group = groups.find((each) => each.startsWith(poolGroupPrefix));
  return group?.slice(poolGroupPrefix.length);
}

/** Whose token the node came by, in the groups of its user or certificate. */
export function ownerOfGroups(groups: readonly string[]): string | undefined {
  const group = groups.find((each) => each.startsWith(ownerGroupPrefix));
  return group?.slice(ownerGroupPrefix.length);
}

/** How often a bootstrap Secret (data in base64) may be used, and for which nodes it was. */
export function tokenUses(data: Readonly<Record<string, string>>): {
  readonly uses: number | undefined;
  readonly usedBy: readonly string[];
} {
  const text = (key: string) => Buffer.from(data[key] ?? '', 'base64').toString('utf8');
  const uses = text('uses');
  return {
    // A limit that can't be read must not mean no limit.
    uses: uses === '' ? undefined : /^\d{1,6}$/.test(uses) ? Number(uses) : 0,
    usedBy: text('used-by')
      .split(',')
      .filter((name) => name !== ''),
  };
}

/** The Secret's data (base64) with one more use; write it with the Secret's resourceVersion, so that no use is lost. */
export function recordTokenUse(data: Readonly<Record<string, string>>, node: string): Record<string, string> {
  const usedBy = [...new Set([...tokenUses(data).usedBy, node])];
  return { ...data, 'used-by': Buffer.from(usedBy.join(',')).toString('base64') };
}

export interface SigningFacts {
  readonly signerName: string;
  readonly usages: readonly string[];
  /** `spec.request`, decoded from base64: PEM. */
  readonly requestPem: string;
  readonly request: CertificateRequest;
  readonly requester: NodeRequestFacts['requester'];
  /** `spec.expirationSeconds`. */
  readonly expirationSeconds?: number;
}

/**
 * The certificate for an approved request: at most one year. Undefined for a signer that is not ours. Throws
 * `certificate-request-invalid` for a request that its signer does not allow, to be recorded as condition `Failed`.
 */
export async function signForSigner(
  authority: CertificateAuthority,
  facts: SigningFacts,
): Promise<string | undefined> {
  const usages = usagesOf(facts.signerName);
  if (!usages) return undefined;
  const fault = faultFor(facts);
  if (fault !== undefined) {
    throw new SkerryError('certificate-request-invalid', fault);
  }
  const seconds = Math.max(facts.expirationSeconds ?? Infinity, secondsMin);
  return authority.signRequest(facts.requestPem, {
    usages,
    validityMs: Math.min(seconds * 1_000, leafValidityMs),
    addedGroups: facts.signerName === signers.node ? admittedGroups(facts.requester) : [],
  });
}

/** What a token says of its nodes, and every certificate after the first repeats. */
function admittedGroups({ groups, extra }: SigningFacts['requester']): string[] {
  const pool = poolOfGroups(groups) ?? extra?.[bootstrapExtra.pool]?.[0];
  const owner = ownerOfGroups(groups) ?? extra?.[bootstrapExtra.owner]?.[0];
  return [
    ...(pool === undefined ? [] : [poolGroupPrefix + pool]),
    ...(owner === undefined ? [] : [ownerGroupPrefix + owner]),
  ];
}

function usagesOf(signerName: string): CertificateUsage[] | undefined {
  switch (signerName) {
    case signers.client:
    case signers.node:
      return ['client'];
    case signers.nodeServing:
    case signers.hubServing:
      return ['server'];
    default:
      return undefined;
  }
}

function whyNoNodeRequest({ signerName, usages, request }: NodeRequestFacts): string | undefined {
  if (signerName !== signers.node) return `signer is ${signerName}`;
  return nodeClientFault(request, usages);
}

function faultFor({ signerName, usages, request }: SigningFacts): string | undefined {
  if (signerName === signers.node) return nodeClientFault(request, usages) ?? nodeNameFault(request);
  if (signerName === signers.client) {
    if (request.organizations.includes('system:masters')) return 'group system:masters is not allowed';
    return usageFault(usages, 'client auth');
  }
  if (signerName === signers.hubServing) return hubFault(request, usages);
  if (!isOfNodes(request)) return organizationFault;
  if (request.dnsNames.length + request.ipAddresses.length === 0)
    return 'DNS or IP subjectAltName is required';
  const other = alternativeNameFault({ ...request, dnsNames: [], ipAddresses: [] });
  return other ?? exactUsageFault(usages, 'server auth') ?? subjectFault(request) ?? nodeNameFault(request);
}

function nodeClientFault(request: CertificateRequest, usages: readonly string[]): string | undefined {
  if (!isOfNodes(request)) return organizationFault;
  return alternativeNameFault(request) ?? subjectFault(request) ?? exactUsageFault(usages, 'client auth');
}

/** Said when it is signed; who decides says it in a condition of its own. */
function nodeNameFault({ commonName }: CertificateRequest): string | undefined {
  return isNodeName(commonName.slice(nodeUserPrefix.length)) ? undefined : nameInvalid.message;
}

/** In the words of stock signers. */
const organizationFault = 'subject organization is not system:nodes';

function isOfNodes({ organizations }: CertificateRequest): boolean {
  return organizations.length === 1 && organizations[0] === nodesGroup;
}

function subjectFault(request: CertificateRequest): string | undefined {
  if (!isOfNodes(request)) return organizationFault;
  const isNamed =
    request.commonName.startsWith(nodeUserPrefix) && request.commonName.length > nodeUserPrefix.length;
  return isNamed ? undefined : 'subject common name does not begin with system:node:';
}

function alternativeNameFault(request: CertificateRequest): string | undefined {
  const kinds = [
    ['DNS', request.dnsNames],
    ['Email', request.emailAddresses],
    ['IP', request.ipAddresses],
    ['URI', request.uris],
  ] as const;
  const found = kinds.find(([, names]) => names.length > 0);
  return found && `${found[0]} subjectAltNames are not allowed`;
}

/** For nodes exactly these; `key encipherment` is for RSA keys. */
function exactUsageFault(usages: readonly string[], needed: string): string | undefined {
  const others = new Set(usages.filter((usage) => usage !== 'key encipherment'));
  const exact = others.size === 2 && others.has(needed) && others.has('digital signature');
  return exact
    ? undefined
    : `usages did not match [${[needed, 'digital signature', 'key encipherment'].sort().join(' ')}]`;
}

function usageFault(usages: readonly string[], needed: string): string | undefined {
  const allowed = [needed, 'digital signature', 'key encipherment'];
  const other = usages.find((usage) => !allowed.includes(usage));
  if (other !== undefined) return `invalid usage for client certificate: ${other}`;
  return usages.includes(needed) ? undefined : `missing required usage for client certificate: ${needed}`;
}
