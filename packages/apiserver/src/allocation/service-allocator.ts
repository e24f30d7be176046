import { ApiError, invalid, type AnyObject, type FieldError } from '@skerry/api';
import { assert } from '@skerry/base';
import { formatIpv4, parseCidr, parseIpv4 } from '#allocation/ipv4.ts';
import { NumberRange } from '#allocation/number-range.ts';
import { metadataOf, type KindHooks } from '#registry/registry.ts';

interface ServicePort {
  name?: string;
  port?: number;
  protocol?: string;
  nodePort?: number;
}

interface ServiceSpec {
  type?: string;
  clusterIP?: string;
  clusterIPs?: string[];
  ipFamilies?: string[];
  ipFamilyPolicy?: string;
  ports?: ServicePort[];
  healthCheckNodePort?: number;
  externalTrafficPolicy?: string;
  allocateLoadBalancerNodePorts?: boolean;
}

export interface ServiceAllocatorOptions {
  /** IPv4 network of Service addresses: `10.96.0.0/12`. */
  readonly cidr: string;
  readonly nodePorts: { readonly first: number; readonly last: number };
  readonly random: () => number;
}

/**
 * Gives Services their cluster address and node ports, and sees to it that no two have the same. What is taken is kept in
 * memory and filled from the stored Services at start: this process is their only writer.
 * Rules: https://kubernetes.io/docs/concepts/services-networking/cluster-ip-allocation/
 */
export class ServiceAllocator implements KindHooks {
  readonly #addresses: NumberRange;
  readonly #ports: NumberRange;
  /** The first address; it belongs to the `kubernetes` Service. */
  readonly apiServerAddress: string;

  constructor({ cidr, nodePorts, random }: ServiceAllocatorOptions) {
    const network = parseCidr(cidr);
    assert(
      network && network.last - network.first >= 7,
      `service network ${cidr} is no IPv4 network of 8 or more addresses`,
    );
    const first = network.first + 1;
    const last = network.last - 1;
    const lowBand = Math.min(Math.max(16, Math.floor((last - first + 1) / 16)), 256);
    this.#addresses = new NumberRange({ first, last, lowBand, random });
    const portBand = Math.min(Math.max(16, Math.floor((nodePorts.last - nodePorts.first + 1) / 32)), 128);
    this.#ports = new NumberRange({ ...nodePorts, lowBand: portBand, random });
    this.apiServerAddress = formatIpv4(first);
    // Even before the Service exists, nobody else may have it.
    this.#addresses.take(first);
  }

  /** Marks what stored Services have. */
  restore(services: Iterable<AnyObject>): void {
    for (const service of services) {
      for (const address of addressesOf(specOf(service))) this.#addresses.take(address);
      for (const port of nodePortsOf(specOf(service))) this.#ports.take(port);
    }
  }

  beforeCreate(object: AnyObject): Promise<() => void> {
    return Promise.resolve(this.#allocate(object, undefined));
  }

  beforeUpdate(object: AnyObject, old: AnyObject): Promise<() => void> {
    keepAllocated(specOf(object), specOf(old));
    return Promise.resolve(this.#allocate(object, old));
  }

  afterUpdate(object: AnyObject, old: AnyObject): void {
    const addresses = new Set(addressesOf(specOf(object)));
    const ports = new Set(nodePortsOf(specOf(object)));
    for (const address of addressesOf(specOf(old)))
      if (!addresses.has(address)) this.#addresses.release(address);
    for (const port of nodePortsOf(specOf(old))) if (!ports.has(port)) this.#ports.release(port);
  }

  afterDelete(object: AnyObject): void {
    for (const address of addressesOf(specOf(object))) {
      if (formatIpv4(address) !== this.apiServerAddress) this.#addresses.release(address);
    }
    for (const port of nodePortsOf(specOf(object))) this.#ports.release(port);
  }

  #allocate(object: AnyObject, old: AnyObject | undefined): () => void {
    const undo: (() => void)[] = [];
    const undoAll = () => undo.forEach((step) => step());
    const spec = specOf(object);
    const name = metadataOf(object).name ?? '';
    try {
      this.#address(object, old, undo);
      this.#nodePorts(spec, old && specOf(old), name, undo);
    } catch (error) {
      undoAll();
      throw error;
    }
    return undoAll;
  }

  #address(object: AnyObject, old: AnyObject | undefined, undo: (() => void)[]): void {
    const spec = specOf(object);
    const { name = '', namespace } = metadataOf(object);
    if (spec.type === 'ExternalName') return;
    spec.ipFamilies ??= ['IPv4'];
    spec.ipFamilyPolicy ??= 'SingleStack';
    if (spec.clusterIP === 'None') {
      spec.clusterIPs = ['None'];
      return;
    }
    const wanted = spec.clusterIP || spec.clusterIPs?.[0];
    const isKubernetes = namespace === 'default' && name === 'kubernetes';
    if (!wanted) {
      const address = isKubernetes ? parseIpv4(this.apiServerAddress) : this.#addresses.takeAny();
      if (address === undefined) {
        throw new ApiError('InternalError', 'failed to allocate a serviceIP: range is full');
      }
      if (!isKubernetes) undo.push(() => this.#addresses.release(address));
      setAddress(spec, formatIpv4(address));
      return;
    }
    const address = parseIpv4(wanted);
    if (address === undefined || !this.#addresses.includes(address)) {
      throw refused(name, clusterIpFault(wanted, `the provided network does not match the current range`));
    }
    const had = old !== undefined && addressesOf(specOf(old)).includes(address);
    if (!had && !(isKubernetes && wanted === this.apiServerAddress)) {
      if (!this.#addresses.take(address))
        throw refused(name, clusterIpFault(wanted, 'provided IP is already allocated'));
      undo.push(() => this.#addresses.release(address));
    }
    setAddress(spec, wanted);
  }

  #nodePorts(spec: ServiceSpec, old: ServiceSpec | undefined, name: string, undo: (() => void)[]): void {
    if (!hasNodePorts(spec)) return;
    const held = new Set(old ? nodePortsOf(old) : []);
    const given = new Map<number, string | undefined>();
    (spec.ports ?? []).forEach((port, index) => {
      if (!port.nodePort) return;
      this.#takePort(port.nodePort, { path: `spec.ports[${index}].nodePort`, name, held, given, port, undo });
      given.set(port.nodePort, port.protocol);
    });
    for (const port of spec.ports ?? []) {
      if (port.nodePort) continue;
      port.nodePort = this.#anyPort(undo);
    }
    const local = spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';
    if (local && !spec.healthCheckNodePort) spec.healthCheckNodePort = this.#anyPort(undo);
  }

  #takePort(
    value: number,
    at: {
      path: string;
      name: string;
      held: ReadonlySet<number>;
      given: ReadonlyMap<number, string | undefined>;
      port: ServicePort;
      undo: (() => void)[];
    },
  ): void {
    if (!this.#ports.includes(value)) {
      throw refused(at.name, {
        reason: 'FieldValueInvalid',
        path: at.path,
        message: `Invalid value: ${value}: provided port is not in the valid range. The range of valid ports is ${this.#ports.first}-${this.#ports.last}`,
      });
    }
    // The same number for TCP and UDP is one allocation.
    if (at.held.has(value) || (at.given.has(value) && at.given.get(value) !== at.port.protocol)) return;
    if (!this.#ports.take(value)) {
      throw refused(at.name, {
        reason: 'FieldValueInvalid',
        path: at.path,
        message: `Invalid value: ${value}: provided port is already allocated`,
      });
    }
    at.undo.push(() => this.#ports.release(value));
  }

  #anyPort(undo: (() => void)[]): number {
    const value = this.#ports.takeAny();
    if (value === undefined)
      throw new ApiError('InternalError', 'failed to allocate a nodePort: range is full');
    undo.push(() => this.#ports.release(value));
    return value;
  }
}

function specOf(service: AnyObject): ServiceSpec {
  return (service.spec ??= {}) as ServiceSpec;
}

function setAddress(spec: ServiceSpec, address: string): void {
  spec.clusterIP = address;
  spec.clusterIPs = [address];
}

function addressesOf(spec: ServiceSpec): number[] {
  const texts = spec.clusterIPs ?? (spec.clusterIP ? [spec.clusterIP] : []);
  return texts.map(parseIpv4).filter((address) => address !== undefined);
}

function nodePortsOf(spec: ServiceSpec): number[] {
  const ports = (spec.ports ?? []).map(({ nodePort }) => nodePort);
  return [...ports, spec.healthCheckNodePort].filter((port): port is number => Boolean(port));
}

function hasNodePorts({ type, allocateLoadBalancerNodePorts }: ServiceSpec): boolean {
  return type === 'NodePort' || (type === 'LoadBalancer' && allocateLoadBalancerNodePorts !== false);
}

/** What an update leaves out, it keeps; what its new type can't have, it loses. */
function keepAllocated(spec: ServiceSpec, old: ServiceSpec): void {
  if (spec.type === 'ExternalName') {
    if (old.type !== 'ExternalName' && spec.clusterIP === old.clusterIP) {
      delete spec.clusterIP;
      delete spec.clusterIPs;
      delete spec.ipFamilies;
      delete spec.ipFamilyPolicy;
    }
  } else if (old.type !== 'ExternalName') {
    if (!spec.clusterIP && old.clusterIP) spec.clusterIP = old.clusterIP;
    if (!spec.clusterIPs?.length && spec.clusterIP === old.clusterIP) spec.clusterIPs = old.clusterIPs;
    spec.ipFamilies ??= old.ipFamilies;
    spec.ipFamilyPolicy ??= old.ipFamilyPolicy;
  }
  for (const port of spec.ports ?? []) {
    const before = (old.ports ?? []).find(
      (candidate) =>
        candidate.port === port.port && (candidate.protocol ?? 'TCP') === (port.protocol ?? 'TCP'),
    );
    if (hasNodePorts(spec)) port.nodePort ??= before?.nodePort;
    else if (port.nodePort !== undefined && port.nodePort === before?.nodePort) delete port.nodePort;
  }
}

function clusterIpFault(address: string, why: string): FieldError {
  return {
    reason: 'FieldValueInvalid',
    path: 'spec.clusterIPs',
    message: `Invalid value: ${JSON.stringify([address])}: failed to allocate IP ${address}: ${why}`,
  };
}

function refused(name: string, fault: FieldError): ApiError {
  return invalid({ group: '', kind: 'Service' }, name, [fault]);
}
