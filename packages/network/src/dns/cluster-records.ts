/**
 * The records of the cluster's own names, out of the node's view of Services and EndpointSlices. CoreDNS' kubernetes
 * plugin, as kubeadm sets it up, is the reference for what is there, what is empty (NODATA) and what isn't (NXDOMAIN).
 * https://github.com/kubernetes/dns/blob/master/docs/specification.md
 *
 * Two things differ because a node doesn't know every namespace: one exists here when it has a Service, and addresses
 * written as pod names are answered in any namespace.
 */
import { isIP } from 'node:net';
import type { Answer } from 'dns-packet';
import type { Endpoint, EndpointSlice, Service } from '@skerry/api';
import { unreachable } from '@skerry/base';
import { serviceIndex, serviceNameLabel, type ClusterView } from '#cluster-view.ts';
import type { Question, Reply } from '#dns/message.ts';
import { addressOfReverseName, canonicalIpv6, parseRecordName, type RecordName } from '#dns/record-name.ts';

export interface ClusterRecordsOptions {
  readonly view: Pick<ClusterView, 'services' | 'slices'>;
  /** In [0, 1): addresses of one answer begin anywhere, so that askers who take the first share the load. */
  readonly random: () => number;
  /** Seconds since the epoch: the serial of the zone. */
  readonly serial: () => number;
}

export type ClusterReply =
  | { readonly kind: 'reply'; readonly reply: Reply }
  /** A name outside the cluster, or an address that nothing here has. */
  | { readonly kind: 'elsewhere' }
  /** The question's own records, and a name outside whose records belong behind them. */
  | { readonly kind: 'alias'; readonly records: Answer[]; readonly target: string };

/** An address, and what a port there is called by SRV. */
interface Target {
  readonly address: string;
  /** Undefined where the endpoint has no ports. */
  readonly port: number | undefined;
  readonly host: string;
}

export const ttlSeconds = 30;
const versionTtlSeconds = 28_800;
const schemaVersion = '1.1.0';
/** Aliases that lead to aliases inside the cluster. */
const aliasesMax = 10;
const addressIndex = 'address';
const dnsService = { namespace: 'kube-system', name: 'kube-dns' };

export class ClusterRecords {
  readonly #options: ClusterRecordsOptions;
  #domain = 'cluster.local';

  constructor(options: ClusterRecordsOptions) {
    this.#options = options;
    const { services, slices } = options.view;
    services.addIndex(addressIndex, (service) => clusterAddresses(service).map(canonical));
    slices.addIndex(addressIndex, ({ endpoints }) =>
      (endpoints ?? []).filter(isAnswered).flatMap(({ addresses }) => addresses.map(canonical)),
    );
  }

  get domain(): string {
    return this.#domain;
  }

  set domain(domain: string) {
    this.#domain = domain;
  }

  answer(question: Question): ClusterReply {
    const name = question.name.toLowerCase();
    const reverse = addressOfReverseName(name);
    if (reverse !== undefined) return this.#reverse(question, reverse);
    const relative = this.#relative(name);
    if (relative === undefined) return { kind: 'elsewhere' };
    if (!this.#isKnown()) return reply({ rcode: 'SERVFAIL' });
    if (question.type === 'AXFR' || question.type === 'IXFR') return reply({ rcode: 'REFUSED' });
    if (relative === '') return this.#apex(question);
    if (relative === 'dns-version') return this.#version(question);
    if (relative === 'ns.dns') return this.#addresses(question, this.#ownAddresses());
    return this.#named(question, parseRecordName(relative));
  }

  #isKnown(): boolean {
    const { services, slices } = this.#options.view;
    return services.isKnown() && slices.isKnown();
  }

  /** Undefined for names outside the domain. */
  #relative(name: string): string | undefined {
    if (name === this.#domain) return '';
    return name.endsWith(`.${this.#domain}`) ? name.slice(0, -this.#domain.length - 1) : undefined;
  }

  #named(question: Question, name: RecordName): ClusterReply {
    switch (name.kind) {
      case 'empty':
        return name.namespace === undefined || this.#namespaceExists(name.namespace)
          ? this.#noData()
          : this.#noName();
      case 'pod': {
        const address = dashedAddress(name.pod);
        return address === undefined ? this.#noName() : this.#addresses(question, [address]);
      }
      case 'service': {
        const service = this.#options.view.services.get(name.namespace, name.service);
        if (!service) return this.#noName();
        const { type, externalName = '' } = service.spec ?? {};
        if (type === 'ExternalName') {
          if (name.endpoint !== undefined || name.port || isIP(externalName) !== 0) return this.#noName();
          return this.#alias(question, externalName);
        }
        return this.#targets(question, this.#find(service, name));
      }
      case 'unknown':
        return this.#noName();
      default:
        return unreachable(name);
    }
  }

  #namespaceExists(namespace: string): boolean {
    return this.#options.view.services.list(namespace).length > 0;
  }

  #find(service: Service, name: RecordName & { kind: 'service' }): Target[] {
    const { name: serviceName = '', namespace = '' } = service.metadata;
    const host = `${serviceName}.${namespace}.svc.${this.#domain}`;
    const matches = (portName: string | undefined, protocol: string | undefined) =>
      !name.port ||
      ((name.port.name === '' || name.port.name === portName?.toLowerCase()) &&
        (name.port.protocol === '' || name.port.protocol === (protocol ?? 'TCP').toLowerCase()));
    if (name.endpoint === undefined && !isHeadless(service)) {
      const ports = (service.spec?.ports ?? []).filter((port) => matches(port.name, port.protocol));
      return ports.flatMap(({ port }) =>
        clusterAddresses(service).map((address) => ({ address, port, host })),
      );
    }
    const found: Target[] = [];
    for (const slice of this.#options.view.slices.byIndex(serviceIndex, `${namespace}/${serviceName}`)) {
      const ports = slice.ports?.length ? slice.ports : [{ name: '', protocol: '', port: undefined }];
      const numbers = ports.filter((port) => matches(port.name, port.protocol)).map(({ port }) => port);
      if (numbers.length === 0) continue;
      for (const endpoint of slice.endpoints ?? []) {
        if (!isAnswered(endpoint)) continue;
        for (const address of endpoint.addresses) {
          const hostname = endpointHostname(endpoint, address);
          if (name.endpoint !== undefined && name.endpoint !== hostname.toLowerCase()) continue;
          for (const port of numbers) found.push({ address, port, host: `${hostname}.${host}` });
        }
      }
    }
    return found;
  }

  #targets(question: Question, targets: readonly Target[]): ClusterReply {
    if (targets.length === 0) return this.#noName();
    if (question.type === 'SRV') return this.#serviceRecords(question, targets);
    return this.#addresses(
      question,
      targets.map(({ address }) => address),
    );
  }

  #addresses({ name, type }: Question, addresses: readonly string[]): ClusterReply {
    const wanted = type === 'A' ? 4 : type === 'AAAA' ? 6 : 0;
    const fitting = [...new Set(addresses)].filter((address) => isIP(address) === wanted);
    if (fitting.length === 0) return this.#noData();
    const first = Math.floor(this.#options.random() * fitting.length);
    const answers = [...fitting.slice(first), ...fitting.slice(0, first)].map((address) =>
      addressRecord(name, address),
    );
    return authoritative({ answers });
  }

  #serviceRecords({ name }: Question, targets: readonly Target[]): ClusterReply {
    const weight = Math.max(Math.floor(100 / targets.length), 1);
    const answers = new Map<string, Answer>();
    const additionals = new Map<string, Answer>();
    for (const { address, port, host } of targets) {
      if (port === undefined) continue;
      answers.set(`${host}:${port}`, {
        type: 'SRV',
        name,
        ttl: ttlSeconds,
        data: { priority: 0, weight, port, target: host },
      });
      additionals.set(`${host}=${address}`, addressRecord(host, address));
    }
    if (answers.size === 0) return this.#noData();
    return authoritative({ answers: [...answers.values()], additionals: [...additionals.values()] });
  }

  /** Leads on, inside the cluster at once, outside it by whoever asks upstream. */
  #alias(question: Question, externalName: string): ClusterReply {
    const records: Answer[] = [];
    let owner = question.name;
    let target = externalName.replace(/\.$/, '');
    for (let hops = 0; hops < aliasesMax; hops++) {
      if (target.toLowerCase() === owner.toLowerCase()) break;
      records.push({ type: 'CNAME', name: owner, ttl: ttlSeconds, data: target });
      if (question.type === 'CNAME') return authoritative({ answers: records });
      if (question.type !== 'A' && question.type !== 'AAAA') return this.#noData();
      const relative = this.#relative(target.toLowerCase());
      if (relative === undefined) return { kind: 'alias', records, target };
      const name = parseRecordName(relative);
      const service =
        name.kind === 'service' ? this.#options.view.services.get(name.namespace, name.service) : undefined;
      if (service?.spec?.type !== 'ExternalName') {
        const next = this.#named({ ...question, name: target }, name);
        const answers = next.kind === 'reply' ? (next.reply.answers ?? []) : [];
        return answers.length > 0 ? authoritative({ answers: [...records, ...answers] }) : this.#noData();
      }
      owner = target;
      target = service.spec.externalName?.replace(/\.$/, '') ?? '';
    }
    return this.#noData();
  }

  #reverse(question: Question, text: string): ClusterReply {
    const address = canonical(text);
    const { services, slices } = this.#options.view;
    const [service] = services.byIndex(addressIndex, address);
    const names = service
      ? [`${service.metadata.name}.${service.metadata.namespace}.svc.${this.#domain}`]
      : slices.byIndex(addressIndex, address).flatMap((slice) => this.#namesIn(slice, address));
    if (names.length === 0) return { kind: 'elsewhere' };
    if (question.type !== 'PTR') return this.#noData();
    const answers = [...new Set(names)].map((data): Answer => ({
      type: 'PTR',
      name: question.name,
      ttl: ttlSeconds,
      data,
    }));
    return authoritative({ answers });
  }

  #namesIn({ metadata, endpoints }: EndpointSlice, address: string): string[] {
    const service = metadata.labels?.[serviceNameLabel];
    if (!service) return [];
    return (endpoints ?? [])
      .filter(
        (endpoint) => isAnswered(endpoint) && endpoint.addresses.some((one) => canonical(one) === address),
      )
      .map(
        (endpoint) =>
          `${endpointHostname(endpoint, address)}.${service}.${metadata.namespace}.svc.${this.#domain}`,
      );
  }

  #apex(question: Question): ClusterReply {
    if (question.type === 'SOA') return authoritative({ answers: [this.#soa()] });
    if (question.type !== 'NS') return this.#noData();
    const host = `${dnsService.name}.${dnsService.namespace}.svc.${this.#domain}`;
    return authoritative({
      answers: [{ type: 'NS', name: question.name, ttl: ttlSeconds, data: host }],
      additionals: this.#ownAddresses().map((address) => addressRecord(host, address)),
    });
  }

  #ownAddresses(): string[] {
    const service = this.#options.view.services.get(dnsService.namespace, dnsService.name);
    return service ? clusterAddresses(service) : [];
  }

  #version({ name, type }: Question): ClusterReply {
    if (type !== 'TXT') return this.#noName();
    return authoritative({ answers: [{ type: 'TXT', name, ttl: versionTtlSeconds, data: schemaVersion }] });
  }

  #noData(): ClusterReply {
    return authoritative({ authorities: [this.#soa()] });
  }

  #noName(): ClusterReply {
    return reply({ rcode: 'NXDOMAIN', authoritative: true, authorities: [this.#soa()] });
  }

  #soa(): Answer {
    return {
      type: 'SOA',
      name: this.#domain,
      ttl: ttlSeconds,
      data: {
        mname: `ns.dns.${this.#domain}`,
        rname: `hostmaster.${this.#domain}`,
        serial: this.#options.serial(),
        refresh: 7_200,
        retry: 1_800,
        expire: 86_400,
        minimum: ttlSeconds,
      },
    };
  }
}

function reply(content: Reply): ClusterReply {
  return { kind: 'reply', reply: content };
}

function authoritative(content: Omit<Reply, 'rcode'>): ClusterReply {
  return reply({ rcode: 'NOERROR', authoritative: true, ...content });
}

function addressRecord(name: string, address: string): Answer {
  return { type: isIP(address) === 6 ? 'AAAA' : 'A', name, ttl: ttlSeconds, data: address };
}

function isHeadless({ spec }: Service): boolean {
  return spec?.clusterIP === 'None';
}

function clusterAddresses({ spec }: Service): string[] {
  const addresses = spec?.clusterIPs ?? (spec?.clusterIP ? [spec.clusterIP] : []);
  return addresses.filter((address) => isIP(address) !== 0);
}

/** The controller calls endpoints that are not, but are to be published all the same, ready. */
function isAnswered({ conditions }: Endpoint): boolean {
  return conditions?.ready !== false;
}

function endpointHostname({ hostname }: Endpoint, address: string): string {
  if (hostname) return hostname;
  const dashed = address.replaceAll(/[.:]/g, '-');
  // A label can't end in a dash.
  return dashed.endsWith('-') ? `${dashed}0` : dashed;
}

function dashedAddress(label: string): string | undefined {
  const isIpv4 = label.split('-').length === 4 && !label.includes('--');
  const address = label.replaceAll('-', isIpv4 ? '.' : ':');
  return isIP(address) === 0 ? undefined : address;
}

function canonical(address: string): string {
  return address.includes(':') ? (canonicalIpv6(address) ?? address) : address;
}
