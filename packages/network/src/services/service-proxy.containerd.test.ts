/** The rules in a real kernel, and real connections through them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Endpoint, EndpointSlice, Node, Service } from '@skerry/api';
import { systemClock } from '@skerry/base';
import { eventually, recordingLogger } from '@skerry/base/testing';
import { resources } from '@skerry/client';
import { FakeApiClient } from '@skerry/client/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ReachablePools } from '#reachable-pools.ts';
import { createClusterView } from '#cluster-view.ts';
import { FollowedObjects } from '#followed-objects.ts';
import { NftSession } from '#nftables/nft-session.ts';
import { hasChain, runNft } from '#nftables/run-nft.ts';
import { removeTable } from '#services/base-rules.ts';
import { runCommand } from '#kernel/run-command.ts';
import { KernelTable } from '#services/kernel-table.ts';
import { createLoadBalancerAddresses } from '#services/load-balancer-addresses.ts';
import { ProxyMetrics } from '#services/proxy-metrics.ts';
import { createServiceProxy } from '#services/service-proxy.ts';
import { canUseNetworkNamespaces, Lab } from '#testing/lab.ts';
import { draining, service, slice as sliceOf, type SliceOptions } from '#testing/service-objects.ts';

const families = ['ip', 'ip6'] as const;
const a = { addresses: ['10.0.0.1'] };
const b = { addresses: ['10.0.0.2'] };
const elsewhere = { addresses: ['10.0.0.2'], nodeName: 'n2' };

describe.skipIf(!canUseNetworkNamespaces())('Services in the kernel', () => {
  let lab: Lab;
  let client: FakeApiClient;
  let metrics: ProxyMetrics;
  let scripts: string[];
  let log: ReturnType<typeof recordingLogger>;
  let directory: string;
  let stop: () => Promise<void>;

  beforeAll(async () => {
    lab = await Lab.start();
    await lab.addPod('a', 1);
    await lab.addPod('b', 2);
    await lab.addPod('client', 3);
  });
  afterAll(() => lab?.close());

  beforeEach(async () => {
    client = new FakeApiClient({ clock: systemClock });
    client.seed<Node>(resources.nodes, { metadata: { name: 'n1' }, spec: { podCIDRs: ['10.0.0.0/24'] } });
    directory = mkdtempSync(join(tmpdir(), 'skerry-services-'));
    scripts = [];
    log = recordingLogger();
    stop = startProxy();
  });
  afterEach(async () => {
    await stop();
    rmSync(directory, { recursive: true });
    await runNft(families.flatMap(removeTable).join('\n'), lab);
  });

  function startProxy(): () => Promise<void> {
    const shared = { client, clock: systemClock, log, random: Math.random };
    const reachablePools = new ReachablePools();
    const view = createClusterView({ ...shared, pool: 'tokyo', reachablePools });
    const node = new FollowedObjects<Node>({
      ...shared,
      ref: resources.nodes,
      scopes: [{}],
    });
    metrics = new ProxyMetrics({ clock: systemClock });
    const nft = new NftSession(lab);
    const table = new KernelTable({
      families,
      where: lab,
      load: (script) => nft.load(script),
      onLoaded: (script) => scripts.push(script),
    });
    const proxy = createServiceProxy({
      nodeName: 'n1',
      pool: 'tokyo',
      services: view.services,
      slices: view.slices,
      node,
      reachablePools,
      table,
      metrics,
      forgetFlow: (args) => lab.run('node', 'conntrack', ...args).then(nothing, nothing),
      clock: systemClock,
      log,
    });
    const addresses = createLoadBalancerAddresses({
      members: () => [],
      nodeName: 'n1',
      pool: 'tokyo',
      services: view.services,
      stateFile: join(directory, 'addresses.json'),
      run: (...command) => runCommand(command, lab),
      clock: systemClock,
      log,
    });
    const ending = new AbortController();
    const runs = [view, node, proxy, addresses].map((part) => part.run(ending.signal));
    return async () => {
      ending.abort();
      await Promise.all(runs);
      nft.close();
    };
  }

  const add = (one: Service) => client.seed<Service>(resources.services, one);
  const slice = (endpoints: Partial<Endpoint>[], options: SliceOptions = {}) =>
    sliceOf(endpoints, { pool: 'tokyo', ...options });
  const addSlice = (one: EndpointSlice) => client.seed<EndpointSlice>(resources.endpointSlices, one);
  const setEndpoints = (endpoints: EndpointSlice['endpoints']) =>
    client.edit<EndpointSlice>(
      resources.endpointSlices,
      { namespace: 'default', name: 'web-1' },
      (edited) => {
        edited.endpoints = slice(endpoints ?? []).endpoints;
      },
    );
  const calls = (where: string, address: string, port: number) => async (expected: string) =>
    eventually(async () => expect(await lab.call(where, address, port)).toBe(expected));
  async function answersOf(
    count: number,
    where: string,
    address: string,
    port: number,
  ): Promise<Set<string>> {
    const answers = new Set<string>();
    for (let call = 0; call < count; call++) answers.add(await lab.call(where, address, port));
    return answers;
  }

  test('a cluster address answers pods and the node, pods under their own address', async () => {
    add(service());
    addSlice(slice([a]));
    await calls('client', '10.96.0.9', 80)('a 10.0.0.3');
    await calls('node', '10.96.0.9', 80)('a 10.0.0.254');
  });

  test('connections are spread, and a change of endpoints is one short transaction', async () => {
    add(service());
    addSlice(slice([a, b]));
    await eventually(async () =>
      expect(await answersOf(12, 'client', '10.96.0.9', 80)).toEqual(new Set(['a 10.0.0.3', 'b 10.0.0.3'])),
    );
    scripts.length = 0;
    setEndpoints([b]);
    await calls('client', '10.96.0.9', 80)('b 10.0.0.3');
    await eventually(() => expect(scripts).toHaveLength(1));
    expect(scripts[0]?.trim().split('\n')).toHaveLength(8);
  });

  test('a pod that is led to itself hears the node', async () => {
    add(service());
    addSlice(slice([a]));
    await calls('a', '10.96.0.9', 80)('a 10.0.0.254');
  });

  test('without endpoints, and at ports that the Service does not have, a client is refused at once', async () => {
    add(service());
    await calls('client', '10.96.0.9', 80)('refused');
    await calls('node', '10.96.0.9', 80)('refused');
    await calls('client', '10.96.0.9', 81)('refused');
    await calls('node', '10.96.0.9', 81)('refused');
    addSlice(slice([a]));
    await calls('client', '10.96.0.9', 80)('a 10.0.0.3');
    await calls('client', '10.96.0.9', 81)('refused');
  });

  test('a node port answers outside, pods and node, and refuses where there is nothing', async () => {
    add(service({ type: 'NodePort', ports: [{ name: 'http', port: 80, nodePort: 30080 }] }));
    await calls('outside', '192.0.2.1', 30080)('refused');
    addSlice(slice([a]));
    await calls('outside', '192.0.2.1', 30080)('a 10.0.0.254');
    await calls('client', '192.0.2.1', 30080)('a 10.0.0.254');
    await calls('node', '192.0.2.1', 30080)('a 10.0.0.254');
  });

  test('traffic that must stay on the node keeps its sender, and is dropped where the node has no endpoint', async () => {
    add(
      service({
        type: 'NodePort',
        externalTrafficPolicy: 'Local',
        ports: [{ name: 'http', port: 80, nodePort: 30080 }],
      }),
    );
    addSlice(slice([a, elsewhere]));
    await calls('outside', '192.0.2.1', 30080)('a 192.0.2.2');
    expect(await answersOf(6, 'outside', '192.0.2.1', 30080)).toEqual(new Set(['a 192.0.2.2']));
    setEndpoints([elsewhere]);
    await calls('outside', '192.0.2.1', 30080)('silent');
    await calls('node', '192.0.2.1', 30080)('b 10.0.0.254');
  });

  test('an endpoint that ends serves on where it is the only one, and gets nothing new beside another', async () => {
    add(service());
    addSlice(slice([a, b]));
    await calls('client', '10.96.0.9', 80)('a 10.0.0.3');
    setEndpoints([{ ...a, conditions: draining }, b]);
    await eventually(async () =>
      expect(await answersOf(8, 'client', '10.96.0.9', 80)).toEqual(new Set(['b 10.0.0.3'])),
    );
    setEndpoints([{ ...a, conditions: draining }]);
    await calls('client', '10.96.0.9', 80)('a 10.0.0.3');
  });

  test('a client with affinity stays with its endpoint, also through a restart of this program', async () => {
    add(
      service({ sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 600 } } }),
    );
    addSlice(slice([a, b]));
    await eventually(async () => expect(await lab.call('client', '10.96.0.9', 80)).toMatch(/^[ab] /));
    const mine = await lab.call('client', '10.96.0.9', 80);
    expect(await answersOf(8, 'client', '10.96.0.9', 80)).toEqual(new Set([mine]));
    await stop();
    expect(await answersOf(4, 'client', '10.96.0.9', 80)).toEqual(new Set([mine]));
    scripts.length = 0;
    stop = startProxy();
    await eventually(() => expect(log.lines.at(-1)?.fields).toMatchObject({ kind: 'adopted' }));
    add(service({ clusterIP: '10.96.0.10', clusterIPs: ['10.96.0.10'] }, { name: 'later' }));
    await calls('client', '10.96.0.10', 80)('refused');
    expect(scripts.join()).not.toContain('delete table');
    expect(await answersOf(4, 'client', '10.96.0.9', 80)).toEqual(new Set([mine]));
    setEndpoints([mine.startsWith('a') ? b : a]);
    const other = mine.startsWith('a') ? 'b 10.0.0.3' : 'a 10.0.0.3';
    await calls('client', '10.96.0.9', 80)(other);
  });

  test("a load balancer's address takes senders of its ranges alone", async () => {
    const balanced = service({ type: 'LoadBalancer', loadBalancerSourceRanges: ['192.0.2.0/24'] });
    balanced.status = { loadBalancer: { ingress: [{ ip: '198.51.100.7', ipMode: 'VIP' }] } };
    add(balanced);
    addSlice(slice([a]));
    await calls('outside', '198.51.100.7', 80)('a 10.0.0.254');
    await calls('client', '198.51.100.7', 80)('silent');
  });

  test('an address of the pool is taken, leads to the Service alone, and is given up when another machine has it', async () => {
    const placedOn = (node: string) => JSON.stringify([{ pool: 'tokyo', address: '192.0.2.50', node }]);
    const balanced = service(
      { type: 'LoadBalancer' },
      { annotations: { 'network.skerry.io/load-balancer': placedOn('n1') } },
    );
    balanced.status = { loadBalancer: { ingress: [{ ip: '192.0.2.50', ipMode: 'VIP' }] } };
    add(balanced);
    addSlice(slice([a]));
    await calls('outside', '192.0.2.50', 80)('a 10.0.0.254');
    await calls('client', '192.0.2.50', 80)('a 10.0.0.254');
    expect(await lab.call('outside', '192.0.2.50', 22)).toBe('refused');
    await stop();
    expect(await lab.call('outside', '192.0.2.50', 80)).toBe('a 10.0.0.254');
    client.edit<Service>(resources.services, { namespace: 'default', name: 'web' }, ({ metadata }) => {
      metadata.annotations = { 'network.skerry.io/load-balancer': placedOn('n2') };
    });
    stop = startProxy();
    await eventually(async () =>
      expect(await lab.run('node', 'ip', '-o', 'address', 'show')).not.toContain('192.0.2.50'),
    );
  });

  test("an address that is in none of the machine's networks, or is the machine's own, is not taken", async () => {
    const placements = ['203.0.113.9', '192.0.2.1'].map((address) => ({
      pool: 'tokyo',
      address,
      node: 'n1',
    }));
    add(
      service(
        { type: 'LoadBalancer' },
        { annotations: { 'network.skerry.io/load-balancer': JSON.stringify(placements) } },
      ),
    );
    await eventually(() =>
      expect(
        log.lines
          .filter(({ message }) => message === 'load balancer address not held')
          .map(({ fields }) => fields?.['address'])
          .toSorted((one, other) => String(one).localeCompare(String(other))),
      ).toEqual(['192.0.2.1', '203.0.113.9']),
    );
    expect(await lab.run('node', 'ip', '-o', 'address', 'show')).toContain('192.0.2.1/24');
  });

  test('datagrams follow an endpoint that changes, though they come from one port', async () => {
    add(service({ ports: [{ name: 'http', port: 80, protocol: 'UDP' }] }));
    const datagram = () => lab.datagram('client', '10.96.0.9', { port: 80, from: 5555 });
    await eventually(async () => expect(await datagram()).toBe('refused'));
    addSlice(slice([a], { protocol: 'UDP' }));
    await eventually(async () => expect(await datagram()).toBe('a 10.0.0.3'));
    setEndpoints([b]);
    await eventually(async () => expect(await datagram()).toBe('b 10.0.0.3'));
  });

  test('when the kernel lost the table, or somebody took it, the next change brings all of it back', async () => {
    add(service());
    addSlice(slice([a]));
    await calls('client', '10.96.0.9', 80)('a 10.0.0.3');
    await runNft(families.flatMap(removeTable).join('\n'), lab);
    setEndpoints([b]);
    await calls('client', '10.96.0.9', 80)('b 10.0.0.3');
    expect(metrics.render()).toMatch(/^kubeproxy_sync_proxy_rules_nftables_sync_failures_total [1-9]/m);
    expect(metrics.render()).toMatch(/^kubeproxy_sync_full_proxy_rules_duration_seconds_count [2-9]/m);
    expect(metrics.render()).toMatch(/^kubeproxy_sync_proxy_rules_endpoint_changes_total [2-9]/m);
  });

  test('tables of others are left alone, and an open connection outlives the table made anew', async () => {
    await runNft('table ip other { chain c { type filter hook forward priority 0; accept; }\n }\n', lab);
    add(service());
    addSlice(slice([a]));
    await calls('client', '10.96.0.9', 80)('a 10.0.0.3');
    await stop();
    setEndpoints([a, b]);
    scripts.length = 0;
    stop = startProxy();
    await eventually(() => expect(scripts.join()).toContain('delete table'));
    expect(await hasChain({ family: 'ip', table: 'other', chain: 'c' }, lab)).toBe(true);
    await runNft('delete table ip other\n', lab);
  });
});

function nothing(): void {}
