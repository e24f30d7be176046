import type { Answer } from 'dns-packet';
import { beforeEach, describe, expect, test } from 'vitest';
import type { EndpointSlice, Service } from '@skerry/api';
import { ObjectStore } from '@skerry/client';
import { serviceIndex } from '#cluster-view.ts';
import { ClusterRecords } from '#dns/cluster-records.ts';

/**
 * The objects are those of CoreDNS' own tests of its kubernetes plugin, and so are most answers:
 * https://github.com/coredns/coredns/blob/master/plugin/kubernetes/handler_test.go
 */
const services: Service[] = [
  service('svc1', { clusterIPs: ['10.0.0.1'], ports: [{ name: 'http', port: 80, protocol: 'TCP' }] }),
  service('svc6', { clusterIPs: ['1234:abcd::1'], ports: [{ name: 'http', port: 80, protocol: 'TCP' }] }),
  service('dual', {
    clusterIPs: ['10.0.0.3', '10::3'],
    ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
  }),
  service('two-ports', {
    clusterIPs: ['10.0.0.4'],
    ports: [
      { name: 'dns', port: 53, protocol: 'UDP' },
      { name: 'web', port: 80, protocol: 'TCP' },
    ],
  }),
  service('hdls1', { clusterIP: 'None' }),
  service('hdlsprtls', { clusterIP: 'None' }),
  service('waiting', { clusterIP: 'None' }),
  service('external', { type: 'ExternalName', externalName: 'ext.interwebs.test' }),
  service('external-to-service', {
    type: 'ExternalName',
    externalName: 'svc1.testns.svc.cluster.local.',
  }),
  service('external-address', { type: 'ExternalName', externalName: '10.9.9.9' }),
  service('ring-a', { type: 'ExternalName', externalName: 'ring-b.testns.svc.cluster.local' }),
  service('ring-b', { type: 'ExternalName', externalName: 'ring-a.testns.svc.cluster.local' }),
];

const http = [{ name: 'http', port: 80, protocol: 'TCP' }];
const slices: EndpointSlice[] = [
  slice('hdls1', 'IPv4', http, [
    { addresses: ['172.0.0.2'] },
    { addresses: ['172.0.0.3'], conditions: { ready: true } },
    { addresses: ['172.0.0.4'], hostname: 'dup-name' },
    { addresses: ['172.0.0.5'], hostname: 'dup-name' },
    { addresses: ['172.0.0.9'], conditions: { ready: false } },
  ]),
  slice('hdls1', 'IPv6', http, [{ addresses: ['5678:abcd::1'] }, { addresses: ['5678:abcd::2'] }]),
  slice('hdlsprtls', 'IPv4', [], [{ addresses: ['172.0.0.20'] }]),
  slice('waiting', 'IPv4', http, [{ addresses: ['172.0.0.30'], conditions: { ready: false } }]),
  slice('svc1', 'IPv4', http, [{ addresses: ['172.0.0.40'], hostname: 'web-0' }]),
];

let records: ClusterRecords;
let isKnown: boolean;

beforeEach(() => {
  isKnown = true;
  records = new ClusterRecords({
    view: { services: known(services), slices: known(slices) } as never,
    random: () => 0,
    serial: () => 7,
  });
});

/** The part of the node's view that records are made of. */
function known<T extends Service | EndpointSlice>(objects: readonly T[]) {
  const store = new ObjectStore<T>();
  store.addIndex(serviceIndex, ({ metadata }) => {
    const name = metadata.labels?.['kubernetes.io/service-name'];
    return name ? [`${metadata.namespace}/${name}`] : [];
  });
  for (const object of objects) store.set(object);
  return {
    isKnown: () => isKnown,
    addIndex: store.addIndex.bind(store),
    byIndex: store.byIndex.bind(store),
    get: (namespace: string, name: string) => store.get(`${namespace}/${name}`),
    list: (namespace: string) => store.byIndex('namespace', namespace),
  };
}

function service(name: string, spec: Service['spec']): Service {
  const addresses = spec?.clusterIPs ? { clusterIP: spec.clusterIPs[0], ...spec } : spec;
  return { metadata: { name, namespace: 'testns' }, spec: addresses };
}

function slice(
  of: string,
  addressType: string,
  ports: EndpointSlice['ports'],
  endpoints: EndpointSlice['endpoints'],
): EndpointSlice {
  const labels = { 'kubernetes.io/service-name': of };
  return {
    metadata: { name: `${of}-${addressType}`, namespace: 'testns', labels },
    addressType,
    ports,
    endpoints,
  };
}

function ask(name: string, type: string) {
  return records.answer({ name, type, class: 'IN' });
}

/** `A 10.0.0.1`, without names and TTLs. */
function short(found: readonly Answer[] = []): string[] {
  return found.map((record) => {
    if (record.type === 'SRV') {
      const { priority, weight, port, target } = record.data;
      return `SRV ${priority} ${weight} ${port} ${target}`;
    }
    return 'data' in record && typeof record.data === 'string'
      ? `${record.type} ${record.data}`
      : record.type;
  });
}

const headless = ['A 172.0.0.2', 'A 172.0.0.3', 'A 172.0.0.4', 'A 172.0.0.5'];

describe('what a name has', () => {
  test.each([
    ['svc1.testns.svc.cluster.local', 'A', ['A 10.0.0.1']],
    ['SVC1.TestNS.svc.Cluster.local', 'A', ['A 10.0.0.1']],
    ['svc6.testns.svc.cluster.local', 'AAAA', ['AAAA 1234:abcd::1']],
    ['dual.testns.svc.cluster.local', 'A', ['A 10.0.0.3']],
    ['dual.testns.svc.cluster.local', 'AAAA', ['AAAA 10::3']],
    ['hdls1.testns.svc.cluster.local', 'A', headless],
    ['hdls1.testns.svc.cluster.local', 'AAAA', ['AAAA 5678:abcd::1', 'AAAA 5678:abcd::2']],
    ['hdlsprtls.testns.svc.cluster.local', 'A', ['A 172.0.0.20']],
    ['172-0-0-2.hdls1.testns.svc.cluster.local', 'A', ['A 172.0.0.2']],
    ['5678-abcd--2.hdls1.testns.svc.cluster.local', 'AAAA', ['AAAA 5678:abcd::2']],
    ['dup-name.hdls1.testns.svc.cluster.local', 'A', ['A 172.0.0.4', 'A 172.0.0.5']],
    ['web-0.svc1.testns.svc.cluster.local', 'A', ['A 172.0.0.40']],
    ['_http._tcp.svc1.testns.svc.cluster.local', 'A', ['A 10.0.0.1']],
    ['1-2-3-4.testns.pod.cluster.local', 'A', ['A 1.2.3.4']],
    ['2001-db8--1.testns.pod.cluster.local', 'AAAA', ['AAAA 2001:db8::1']],
    ['dns-version.cluster.local', 'TXT', ['TXT 1.1.0']],
    ['external.testns.svc.cluster.local', 'CNAME', ['CNAME ext.interwebs.test']],
    [
      'external-to-service.testns.svc.cluster.local',
      'A',
      ['CNAME svc1.testns.svc.cluster.local', 'A 10.0.0.1'],
    ],
    ['1.0.0.10.in-addr.arpa', 'PTR', ['PTR svc1.testns.svc.cluster.local']],
    ['2.0.0.172.in-addr.arpa', 'PTR', ['PTR 172-0-0-2.hdls1.testns.svc.cluster.local']],
    ['4.0.0.172.in-addr.arpa', 'PTR', ['PTR dup-name.hdls1.testns.svc.cluster.local']],
    [
      '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.c.b.a.8.7.6.5.ip6.arpa',
      'PTR',
      ['PTR 5678-abcd--1.hdls1.testns.svc.cluster.local'],
    ],
  ])('%s %s', (name, type, answers) => {
    const found = ask(name, type);
    expect(found).toMatchObject({ kind: 'reply', reply: { rcode: 'NOERROR', authoritative: true } });
    expect(found.kind === 'reply' && short(found.reply.answers)).toEqual(answers);
  });
});

describe('a port of a Service', () => {
  test.each([
    ['svc1.testns.svc', ['SRV 0 100 80 svc1.testns.svc.cluster.local'], ['A 10.0.0.1']],
    ['_http._tcp.svc1.testns.svc', ['SRV 0 100 80 svc1.testns.svc.cluster.local'], ['A 10.0.0.1']],
    ['dual.testns.svc', ['SRV 0 50 80 dual.testns.svc.cluster.local'], ['A 10.0.0.3', 'AAAA 10::3']],
    ['_web._tcp.two-ports.testns.svc', ['SRV 0 100 80 two-ports.testns.svc.cluster.local'], ['A 10.0.0.4']],
    [
      '_http._tcp.hdls1.testns.svc',
      ['172-0-0-2', '172-0-0-3', 'dup-name', '5678-abcd--1', '5678-abcd--2'].map(
        (host) => `SRV 0 16 80 ${host}.hdls1.testns.svc.cluster.local`,
      ),
      [...headless, 'AAAA 5678:abcd::1', 'AAAA 5678:abcd::2'],
    ],
  ])('%s', (name, answers, additionals) => {
    const found = ask(`${name}.cluster.local`, 'SRV');
    expect(found.kind === 'reply' && short(found.reply.answers)).toEqual(answers);
    expect(found.kind === 'reply' && short(found.reply.additionals)).toEqual(additionals);
  });
});

test.each([
  ['svc1.testns.svc.cluster.local', 'AAAA', 'NOERROR'],
  ['svc1.testns.svc.cluster.local', 'TXT', 'NOERROR'],
  ['svc1.testns.svc.cluster.local', 'SOA', 'NOERROR'],
  ['svc1.testns.svc.cluster.local', 'UNKNOWN_65', 'NOERROR'],
  ['hdlsprtls.testns.svc.cluster.local', 'SRV', 'NOERROR'],
  ['cluster.local', 'A', 'NOERROR'],
  ['svc.cluster.local', 'A', 'NOERROR'],
  ['pod.cluster.local', 'A', 'NOERROR'],
  ['testns.svc.cluster.local', 'NS', 'NOERROR'],
  ['ring-a.testns.svc.cluster.local', 'A', 'NOERROR'],
  ['svc0.testns.svc.cluster.local', 'A', 'NXDOMAIN'],
  ['svc0.other.svc.cluster.local', 'TXT', 'NXDOMAIN'],
  ['other.svc.cluster.local', 'A', 'NXDOMAIN'],
  ['foo.cluster.local', 'NS', 'NXDOMAIN'],
  ['waiting.testns.svc.cluster.local', 'A', 'NXDOMAIN'],
  ['bogus.hdls1.testns.svc.cluster.local', 'A', 'NXDOMAIN'],
  ['bogus.svc0.testns.svc.cluster.local', 'A', 'NXDOMAIN'],
  ['_smtp._tcp.svc1.testns.svc.cluster.local', 'SRV', 'NXDOMAIN'],
  ['_http._udp.svc1.testns.svc.cluster.local', 'SRV', 'NXDOMAIN'],
  ['a.b.c.svc1.testns.svc.cluster.local', 'A', 'NXDOMAIN'],
  ['endpoint.external.testns.svc.cluster.local', 'CNAME', 'NXDOMAIN'],
  ['external-address.testns.svc.cluster.local', 'A', 'NXDOMAIN'],
  ['not-an-address.testns.pod.cluster.local', 'A', 'NXDOMAIN'],
  ['.svc.cluster.local', 'A', 'NXDOMAIN'],
])('%s has no %s: %s, with the authority to keep that by', (name, type, rcode) => {
  expect(ask(name, type)).toMatchObject({
    kind: 'reply',
    reply: {
      rcode,
      authoritative: true,
      authorities: [{ type: 'SOA', name: 'cluster.local', data: { serial: 7, minimum: 30 } }],
    },
  });
});

test('a name that leads outside the cluster is followed by whoever asks there', () => {
  expect(ask('external.testns.svc.cluster.local', 'A')).toMatchObject({
    kind: 'alias',
    records: [{ type: 'CNAME', data: 'ext.interwebs.test' }],
    target: 'ext.interwebs.test',
  });
});

test.each(['example.org', 'cluster.local.example.org', 'notcluster.local', '9.9.9.9.in-addr.arpa', ''])(
  '%s is not of the cluster',
  (name) => {
    expect(ask(name, name.endsWith('arpa') ? 'PTR' : 'A').kind).toBe('elsewhere');
  },
);

test('before anything is known, nobody is told that a name is not there', () => {
  isKnown = false;
  expect(ask('svc1.testns.svc.cluster.local', 'A')).toMatchObject({ reply: { rcode: 'SERVFAIL' } });
});

test('another domain has the same names', () => {
  records.domain = 'shop.example';
  expect(ask('svc1.testns.svc.shop.example', 'A')).toMatchObject({ reply: { rcode: 'NOERROR' } });
  expect(ask('svc1.testns.svc.cluster.local', 'A').kind).toBe('elsewhere');
});
