import { ApiError, invalid, invalidValue, type AnyObject, type FieldError } from '@skerry/api';
import { NumberRange } from '#allocation/number-range.ts';
import { portsOf, pretendedPortsOf, type PortTaker } from '#allocation/port-taker.ts';
import { alignAddresses, settleFamilies } from '#allocation/service-families.ts';
import { AddressError, type Owner, type ServiceAddresses } from '#allocation/service-addresses.ts';
import { addressesOf, specOf, type ServicePort, type ServiceSpec } from '#allocation/service-spec.ts';
import { metadataOf, type KindHooks } from '#registry/registry.ts';

export interface ServiceAllocatorOptions {
  readonly addresses: ServiceAddresses;
  readonly nodePorts: { readonly first: number; readonly last: number };
  readonly random: () => number;
  /** Deletes the older Endpoints of a Service that is gone: its next one must not find them. */
  readonly removeEndpoints: (owner: Owner) => Promise<void>;
}

type Undo = () => void | Promise<void>;

/**
 * Gives Services their families, addresses and node ports, and sees to it that no two have the same. Node ports that are
 * taken are kept in memory and filled from the stored Services at start: this process is their only writer.
 * Rules: https://kubernetes.io/docs/concepts/services-networking/cluster-ip-allocation/
 */
export class ServiceAllocator implements KindHooks {
  readonly #addresses: ServiceAddresses;
  readonly #ports: NumberRange;
  readonly #removeEndpoints: ServiceAllocatorOptions['removeEndpoints'];

  constructor({ addresses, nodePorts, random, removeEndpoints }: ServiceAllocatorOptions) {
    const portBand = Math.min(Math.max(16, Math.floor((nodePorts.last - nodePorts.first + 1) / 32)), 128);
    this.#addresses = addresses;
    this.#ports = new NumberRange({ ...nodePorts, lowBand: portBand, random });
    this.#removeEndpoints = removeEndpoints;
  }

  /** Marks the node ports that stored Services have. */
  restore(services: Iterable<AnyObject>): void {
    for (const service of services) for (const port of nodePortsOf(specOf(service))) this.#ports.take(port);
  }

  beforeCreate(object: AnyObject, options: { readonly dryRun: boolean }): Promise<Undo> {
    return this.#allocate(object, undefined, options);
  }

  beforeUpdate(object: AnyObject, old: AnyObject, options: { readonly dryRun: boolean }): Promise<Undo> {
    return this.#allocate(object, old, options);
  }

  async afterUpdate(object: AnyObject, old: AnyObject): Promise<void> {
    const addresses = new Set(addressesOf(specOf(object)));
    const ports = new Set(nodePortsOf(specOf(object)));
    for (const port of nodePortsOf(specOf(old))) if (!ports.has(port)) this.#ports.release(port);
    for (const address of addressesOf(specOf(old)))
      if (!addresses.has(address)) await this.#addresses.release(address);
  }

  async afterDelete(object: AnyObject): Promise<void> {
    for (const port of nodePortsOf(specOf(object))) this.#ports.release(port);
    await this.#removeEndpoints(ownerOf(object));
    for (const address of addressesOf(specOf(object))) await this.#addresses.release(address);
  }

  async #allocate(
    object: AnyObject,
    old: AnyObject | undefined,
    options: { readonly dryRun: boolean },
  ): Promise<Undo> {
    const undo: Undo[] = [];
    const undoAll = async () => {
      for (const step of undo.toReversed()) await step();
    };
    const spec = specOf(object);
    const name = metadataOf(object).name ?? '';
    const oldSpec = old && specOf(old);
    try {
      alignAddresses(spec, oldSpec);
      const faults = settleFamilies(spec, oldSpec, this.#addresses.families);
      if (faults.length > 0) throw refused(name, ...faults);
      await this.#allocateAddresses(spec, oldSpec, { ...options, owner: ownerOf(object), undo });
      const taker = options.dryRun
        ? pretendedPortsOf(this.#ports)
        : portsOf(this.#ports, (port) => void undo.push(() => this.#ports.release(port)));
      setNodePorts(spec, oldSpec, name, taker);
    } catch (error) {
      await undoAll();
      throw error;
    }
    return undoAll;
  }

  /** One of each of its families, but for what it already has. */
  async #allocateAddresses(
    spec: ServiceSpec,
    old: ServiceSpec | undefined,
    at: { readonly owner: Owner; readonly dryRun: boolean; readonly undo: Undo[] },
  ): Promise<void> {
    if (spec.type === 'ExternalName' || spec.clusterIPs?.[0] === 'None') return;
    const families = spec.ipFamilies ?? [];
    const isFresh = !old || old.type === 'ExternalName';
    const isUpgraded =
      old?.clusterIPs?.[0] !== 'None' && old?.ipFamilies?.length === 1 && families.length === 2;
    // What a Service has, it keeps: whoever names another address is told so later.
    if (!isFresh && !isUpgraded) return;
    const told = families.map((_, index) => spec.clusterIPs?.[index] ?? '');
    spec.clusterIPs = [...told, ...(spec.clusterIPs ?? []).slice(told.length)];
    for (const [index, family] of families.entries()) {
      if (isUpgraded && index === 0) continue;
      const address = await this.#address(family, told[index], { ...at, told });
      if (!at.dryRun) at.undo.push(() => this.#addresses.release(address));
      spec.clusterIPs[index] = address;
    }
    spec.clusterIP = spec.clusterIPs[0];
  }

  async #address(
    family: 'IPv4' | 'IPv6',
    wanted: string | undefined,
    at: { readonly owner: Owner; readonly dryRun: boolean; readonly told: readonly string[] },
  ): Promise<string> {
    try {
      if (!wanted) return await this.#addresses.take(family, at.owner, at);
      await this.#addresses.claim(wanted, at.owner, at);
      return wanted;
    } catch (error) {
      const isKnown = error instanceof AddressError;
      if (!isKnown && !(error instanceof ApiError && error.status.reason === 'Invalid')) throw error;
      const which = wanted ? `failed to allocate IP ${wanted}` : 'failed to allocate IP';
      throw refused(at.owner.name, invalidValue('spec.clusterIPs', at.told, `${which}: ${error.message}`));
    }
  }
}

function setNodePorts(spec: ServiceSpec, old: ServiceSpec | undefined, name: string, taker: PortTaker): void {
  if (spec.type !== 'NodePort' && spec.type !== 'LoadBalancer') return;
  if (old) keepNodePorts(spec, old);
  const held = new Set(old ? nodePortsOf(old) : []);
  const hasAll = spec.type === 'NodePort' || spec.allocateLoadBalancerNodePorts !== false;
  // One port for TCP and UDP has one number outside too.
  const byPort = new Map<number | undefined, number>();
  for (const [index, port] of (spec.ports ?? []).entries()) {
    if (!port.nodePort && !hasAll) continue;
    const known = old ? undefined : byPort.get(port.port);
    const wanted = port.nodePort || (old ? undefined : namedFor(port.port, spec.ports ?? []));
    if (wanted === undefined) port.nodePort = known ?? anyPort(taker);
    else {
      if (wanted !== known && !held.has(wanted)) {
        const fault = taker.take(wanted);
        if (fault) throw refused(name, invalidValue(`spec.ports[${index}].nodePort`, wanted, fault));
        if (old) held.add(wanted);
      }
      port.nodePort = wanted;
    }
    byPort.set(port.port, known ?? port.nodePort);
  }
  setHealthPort(spec, old, taker);
}

function setHealthPort(spec: ServiceSpec, old: ServiceSpec | undefined, taker: PortTaker): void {
  if (!isChecked(spec) || (old && isChecked(old))) {
    if (isChecked(spec)) spec.healthCheckNodePort ||= old?.healthCheckNodePort;
    return;
  }
  const wanted = spec.healthCheckNodePort;
  if (!wanted) spec.healthCheckNodePort = anyPort(taker);
  else {
    const fault = taker.take(wanted);
    if (fault) throw internal(`failed to allocate requested HealthCheck NodePort ${wanted}: ${fault}`);
  }
}

function anyPort(taker: PortTaker): number {
  const port = taker.takeAny();
  if (port !== undefined) return port;
  throw internal('failed to allocate a nodePort: range is full');
}

function ownerOf(service: AnyObject): Owner {
  const { namespace = '', name = '' } = metadataOf(service);
  return { namespace, name };
}

function nodePortsOf(spec: ServiceSpec): number[] {
  const ports = (spec.ports ?? []).map(({ nodePort }) => nodePort);
  return [...ports, spec.healthCheckNodePort].filter((port): port is number => Boolean(port));
}

/** Whether balancers ask nodes if they have a pod of it. */
function isChecked({ type, externalTrafficPolicy }: ServiceSpec): boolean {
  return type === 'LoadBalancer' && externalTrafficPolicy === 'Local';
}

/** The node port that is asked for with any port of this number. */
function namedFor(port: number | undefined, ports: readonly ServicePort[]): number | undefined {
  return ports.find((each) => each.port === port && each.nodePort)?.nodePort;
}

/** What an update leaves out, it keeps, by the port's name. */
function keepNodePorts(spec: ServiceSpec, old: ServiceSpec): void {
  const hasPorts = ({ type, allocateLoadBalancerNodePorts }: ServiceSpec) =>
    type === 'NodePort' || (type === 'LoadBalancer' && allocateLoadBalancerNodePorts !== false);
  if (!hasPorts(spec) || !hasPorts(old)) return;
  const before = new Map((old.ports ?? []).map(({ name = '', nodePort }) => [name, nodePort]));
  const told = new Set((spec.ports ?? []).map(({ nodePort }) => nodePort));
  for (const port of spec.ports ?? []) {
    const known = before.get(port.name ?? '');
    if (!port.nodePort && known && !told.has(known)) port.nodePort = known;
  }
}

function internal(message: string): ApiError {
  return new ApiError('InternalError', `Internal error occurred: ${message}`, {
    details: { causes: [{ message }] },
  });
}

function refused(name: string, ...faults: FieldError[]): ApiError {
  return invalid({ group: '', kind: 'Service' }, name, faults);
}
