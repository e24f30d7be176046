import type { FieldError } from '#status.ts';
import type { IPBlock, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '#types.generated.ts';
import { checkLegacyCIDR, readNetwork, type Network } from '#validation/addresses.ts';
import { checkReasons, forbiddenField, invalidValue, notSupported, required } from '#validation/faults.ts';
import { checkLabelSelector, validateLabelSelector } from '#validation/label-selector.ts';
import { portNameFaults, portNumberFaults } from '#validation/names.ts';

const protocols = ['TCP', 'UDP', 'SCTP'];
const policyTypes = ['Ingress', 'Egress'];

interface PolicyOptions {
  /** What a changed policy already has may stay. */
  readonly networks?: readonly string[];
  readonly anyValues?: boolean;
}

export function validateNetworkPolicy(policy: NetworkPolicy): FieldError[] {
  return specFaults(policy, {});
}

export function validateNetworkPolicyUpdate(next: NetworkPolicy, old: NetworkPolicy): FieldError[] {
  const peers = [
    ...(old.spec?.ingress ?? []).flatMap(({ from = [] }) => from),
    ...(old.spec?.egress ?? []).flatMap(({ to = [] }) => to),
  ];
  return specFaults(next, {
    networks: peers.flatMap(({ ipBlock }) => (ipBlock ? [ipBlock.cidr, ...(ipBlock.except ?? [])] : [])),
    anyValues: validateLabelSelector(old.spec?.podSelector, '').length > 0,
  });
}

function specFaults({ spec }: NetworkPolicy, options: PolicyOptions): FieldError[] {
  const faults: FieldError[] = [];
  checkLabelSelector(faults, spec?.podSelector, 'spec.podSelector', options);
  for (const [index, { ports, from }] of (spec?.ingress ?? []).entries()) {
    const at = `spec.ingress[${index}]`;
    checkPorts(faults, ports, at);
    checkPeers(faults, from, `${at}.from`, options);
  }
  for (const [index, { ports, to }] of (spec?.egress ?? []).entries()) {
    const at = `spec.egress[${index}]`;
    checkPorts(faults, ports, at);
    checkPeers(faults, to, `${at}.to`, options);
  }
  const types = spec?.policyTypes ?? [];
  if (types.length > policyTypes.length)
    faults.push(invalidValue('spec.policyTypes', types, 'may not specify more than two policyTypes'));
  else
    for (const [index, type] of types.entries())
      if (!policyTypes.includes(type))
        faults.push(notSupported(`spec.policyTypes[${index}]`, type, policyTypes));
  return faults;
}

function checkPorts(
  faults: FieldError[],
  ports: readonly NetworkPolicyPort[] | undefined,
  path: string,
): void {
  for (const [index, { protocol, port, endPort }] of (ports ?? []).entries()) {
    const at = `${path}.ports[${index}]`;
    if (protocol !== undefined && !protocols.includes(protocol))
      faults.push(notSupported(`${at}.protocol`, protocol, protocols));
    if (typeof port === 'number') {
      checkReasons(faults, `${at}.port`, port, portNumberFaults(port));
      if (endPort === undefined) continue;
      if (endPort < port)
        faults.push(invalidValue(`${at}.endPort`, port, 'must be greater than or equal to `port`'));
      checkReasons(faults, `${at}.endPort`, endPort, portNumberFaults(endPort));
    } else {
      const why = port === undefined ? 'is not specified' : 'is non-numeric';
      if (endPort !== undefined)
        faults.push(invalidValue(`${at}.endPort`, endPort, `may not be specified when \`port\` ${why}`));
      if (port !== undefined) checkReasons(faults, `${at}.port`, port, portNameFaults(port));
    }
  }
}

function checkPeers(
  faults: FieldError[],
  peers: readonly NetworkPolicyPeer[] | undefined,
  path: string,
  options: PolicyOptions,
): void {
  for (const [index, { podSelector, namespaceSelector, ipBlock }] of (peers ?? []).entries()) {
    const at = `${path}[${index}]`;
    checkLabelSelector(faults, podSelector, `${at}.podSelector`, options);
    checkLabelSelector(faults, namespaceSelector, `${at}.namespaceSelector`, options);
    if (ipBlock) checkBlock(faults, ipBlock, `${at}.ipBlock`, options);
    const selected = podSelector !== undefined || namespaceSelector !== undefined;
    if (!selected && !ipBlock) faults.push(required(at, 'must specify a peer'));
    else if (selected && ipBlock)
      faults.push(forbiddenField(at, 'may not specify both ipBlock and another peer'));
  }
}

function checkBlock(
  faults: FieldError[],
  { cidr, except = [] }: IPBlock,
  path: string,
  { networks }: PolicyOptions,
): void {
  if (!cidr) {
    faults.push(required(`${path}.cidr`));
    return;
  }
  checkLegacyCIDR(faults, `${path}.cidr`, cidr, networks);
  const whole = readNetwork(cidr);
  if (!whole) return;
  for (const [index, text] of except.entries()) {
    const at = `${path}.except[${index}]`;
    checkLegacyCIDR(faults, at, text, networks);
    const part = readNetwork(text);
    if (part && !isStrictPart(part, whole))
      faults.push(invalidValue(at, text, 'must be a strict subset of `cidr`'));
  }
}

function isStrictPart(part: Network, whole: Network): boolean {
  if (part.address.length !== whole.address.length || part.prefixLength <= whole.prefixLength) return false;
  return whole.address.every((byte, index) => {
    const bits = Math.min(8, Math.max(0, whole.prefixLength - index * 8));
    const mask = (0xff << (8 - bits)) & 0xff;
    return (byte & mask) === ((part.address[index] ?? 0) & mask);
  });
}
