import { expect, test } from 'vitest';
import { parseResolvConf, podDns } from '#network/dns.ts';
import { hostsFile, podHostname } from '#network/hosts-file.ts';
import { testPod } from '#testing/pods.ts';

const cluster = { servers: ['10.1.0.10'], domain: 'cluster.local' };
const host = parseResolvConf('# comment\nnameserver 1.1.1.1\nsearch corp.example\noptions edns0\n');
const forCluster = ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'corp.example'];

test.each([
  [{}, ['10.1.0.10'], forCluster],
  [{ dnsPolicy: 'Default' }, ['1.1.1.1'], ['corp.example']],
  [{ hostNetwork: true }, ['1.1.1.1'], ['corp.example']],
  [{ hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' }, ['10.1.0.10'], forCluster],
  [{ dnsPolicy: 'None', dnsConfig: { nameservers: ['9.9.9.9'], searches: ['x'] } }, ['9.9.9.9'], ['x']],
])('%j asks %j', (spec, servers, searches) => {
  expect(podDns(testPod(spec), { cluster, host })).toMatchObject({ servers, searches });
});

test('options of the pod replace those of the same name', () => {
  const dnsConfig = { options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }] };
  expect(podDns(testPod({ dnsConfig }), { cluster, host }).options).toEqual(['ndots:2', 'edns0']);
});

test('without a cluster DNS, pods ask whom the host asks', () => {
  expect(podDns(testPod(), { cluster: { ...cluster, servers: [] }, host })).toEqual(host);
});

test('a pod knows itself by name, and the aliases it was given', () => {
  const pod = testPod({
    hostname: 'db-0',
    subdomain: 'db',
    hostAliases: [{ ip: '1.2.3.4', hostnames: ['a', 'b'] }],
  });
  const text = hostsFile(pod, {
    ...podHostname(pod, 'cluster.local'),
    addresses: ['10.0.0.2'],
    hostFile: '',
  });
  expect(text).toContain('10.0.0.2\tdb-0.db.default.svc.cluster.local\tdb-0\n');
  expect(text).toContain('1.2.3.4\ta\tb\n');
});
