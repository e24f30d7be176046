import { expect, test } from 'vitest';
import { ensureDnsService } from '#bootstrap/dns-service.ts';
import { ObjectTable } from '#testing/object-table.ts';

const services = { group: '', resource: 'services' };
const options = { serviceCidr: '10.96.0.0/16', domain: 'cluster.local' };
const label = 'service.kubernetes.io/service-proxy-name';
const found = ({ read }: ObjectTable) => read.get(services, 'kube-dns', 'kube-system');

test('names are answered at the tenth address of the range', async () => {
  const table = new ObjectTable();
  await ensureDnsService(table, options);
  await ensureDnsService(table, options);
  expect(found(table)).toMatchObject({
    metadata: {
      labels: { 'k8s-app': 'kube-dns', [label]: 'skerry-dns' },
      annotations: { 'network.skerry.io/cluster-domain': 'cluster.local' },
    },
    spec: {
      clusterIP: '10.96.0.10',
      ports: [
        { name: 'dns', port: 53, protocol: 'UDP' },
        { name: 'dns-tcp', port: 53, protocol: 'TCP' },
        { name: 'metrics', port: 9153, protocol: 'TCP' },
      ],
    },
  });
});

test('a range too small for it has another address for it', async () => {
  const table = new ObjectTable();
  await ensureDnsService(table, { ...options, serviceCidr: '10.96.0.0/29' });
  expect(found(table)?.spec).not.toHaveProperty('clusterIP');
});

test('another domain is told to the nodes', async () => {
  const table = new ObjectTable();
  await ensureDnsService(table, options);
  await ensureDnsService(table, { ...options, domain: 'shop.example' });
  expect(found(table)?.metadata?.annotations).toMatchObject({
    'network.skerry.io/cluster-domain': 'shop.example',
  });
});

test("somebody's own name server gets the Service for itself", async () => {
  const table = new ObjectTable();
  await ensureDnsService(table, options);
  const mine = found(table);
  await table.write.update(services, {
    ...mine,
    spec: { ...(mine?.spec as object), selector: { 'k8s-app': 'kube-dns' } },
  });
  await ensureDnsService(table, options);
  expect(found(table)?.metadata?.labels).not.toHaveProperty(label);
});
