import { expect, test } from 'vitest';
import { callerOf } from '#testing/caller.ts';
import { startTestServer } from '#testing/start-test-server.ts';

const configMaps = '/api/v1/namespaces/default/configmaps';

/** The server's numbers after some requests, by name and labels. */
async function numbersAfter(work: (call: ReturnType<typeof callerOf>, url: string) => Promise<void>) {
  await using server = await disposableServer();
  const call = callerOf(server.url);
  await work(call, server.url);
  const { body } = await call('GET', '/metrics');
  const text = body.message ?? '';
  return {
    text,
    of: (series: string) => {
      const line = text.split('\n').find((each) => each.startsWith(`${series} `));
      return line === undefined ? undefined : Number(line.slice(series.length + 1));
    },
  };
}

async function disposableServer() {
  const server = await startTestServer();
  return { url: server.url, [Symbol.asyncDispose]: () => server.close() };
}

test('every family says what it is, once, and every line is one of the format', async () => {
  const { text } = await numbersAfter(async (call) => void (await call('GET', configMaps)));
  const lines = text.trimEnd().split('\n');
  const types = lines.filter((line) => line.startsWith('# TYPE ')).map((line) => line.split(' ')[2]);
  expect(new Set(types).size).toBe(types.length);
  const series = /^[a-z_]+(\{([a-z_]+="([^"\\]|\\.)*",?)*\})? (-?[\d.]+(e[-+]?\d+)?|NaN|\+Inf)$/;
  expect(lines.filter((line) => !line.startsWith('# ') && !series.test(line))).toEqual([]);
});

test('stored objects are counted, and what they weigh', async () => {
  const { of } = await numbersAfter(async (call) => {
    await call('POST', configMaps, { metadata: { name: 'a' }, data: { k: 'x'.repeat(1000) } });
    await call('POST', configMaps, { metadata: { name: 'b' } });
  });
  expect(of('apiserver_storage_objects{resource="configmaps"}')).toBe(2);
  expect(of('apiserver_resource_size_estimate_bytes{group="",resource="configmaps"}')).toBeGreaterThan(1000);
  expect(of('apiserver_watch_cache_events_received_total{group="",resource="configmaps"}')).toBe(2);
  expect(of('etcd_requests_total{operation="create",group="",resource="configmaps"}')).toBe(2);
  expect(of('apiserver_storage_objects{resource="flowschemas.flowcontrol.apiserver.k8s.io"}')).toBe(11);
});

test('events of watches are counted with their size, and the watch while it lasts', async () => {
  const gone = new AbortController();
  const { of } = await numbersAfter(async (call, url) => {
    const { body } = await fetch(`${url}${configMaps}?watch=1&resourceVersion=1`, { signal: gone.signal });
    const reader = body!.getReader();
    await call('POST', configMaps, { metadata: { name: 'a' } });
    await reader.read();
    // Closed by the end of the test.
  });
  gone.abort();
  const labels = 'group="",version="v1",resource="configmaps"';
  expect(of(`apiserver_watch_events_total{${labels}}`)).toBe(1);
  expect(of(`apiserver_watch_events_sizes_count{${labels}}`)).toBe(1);
  expect(
    of(
      `apiserver_longrunning_requests{verb="WATCH",${labels},subresource="",scope="namespace",component="apiserver"}`,
    ),
  ).toBe(1);
});

test('what nothing serves makes no labels of its own', async () => {
  const { text } = await numbersAfter(async (call) => {
    await call('GET', '/apis/made.up/v1/secretly');
    await call('GET', '/made/up');
  });
  expect(text).not.toContain('made');
  expect(text).not.toContain('secretly');
});

test('verbs, dry runs and scopes are told apart', async () => {
  const { of } = await numbersAfter(async (call) => {
    await call('POST', `${configMaps}?dryRun=All`, { metadata: { name: 'a' } });
    await call(
      'PATCH',
      `${configMaps}/b?fieldManager=m`,
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'b' } },
      {
        contentType: 'application/apply-patch+yaml',
      },
    );
    await call('GET', '/api/v1/configmaps');
    await call('DELETE', configMaps);
  });
  const total = (verb: string, dryRun: string, scope: string, code: number) =>
    of(
      `apiserver_request_total{verb="${verb}",dry_run="${dryRun}",group="",version="v1",resource="configmaps",subresource="",scope="${scope}",component="apiserver",code="${code}"}`,
    );
  expect(total('POST', 'All', 'resource', 201)).toBe(1);
  expect(total('APPLY', '', 'resource', 201)).toBe(1);
  expect(total('LIST', '', 'cluster', 200)).toBe(1);
  expect(total('DELETE', '', 'namespace', 200)).toBe(1);
});

test('a version is said in labels', async () => {
  const { text } = await numbersAfter(() => Promise.resolve());
  expect(text).toMatch(
    /^kubernetes_build_info\{build_date="[^"]+",compiler="v8",.*git_version="v1\.36\.[^"]+",.*major="1",minor="36",platform="linux\/[^"]+"\} 1$/m,
  );
});

test('what objects say of addresses, node ports and APIServices is counted as it is asked for', async () => {
  const { of } = await numbersAfter(async (call) => {
    const ports = [
      { name: 'a', port: 80 },
      { name: 'b', port: 81 },
    ];
    const spec = { type: 'NodePort', ports };
    await call('POST', '/api/v1/namespaces/default/services', { metadata: { name: 's' }, spec });
    await call('POST', '/apis/apiregistration.k8s.io/v1/apiservices', {
      metadata: { name: 'v1.gone.example' },
      spec: {
        group: 'gone.example',
        version: 'v1',
        groupPriorityMinimum: 1,
        versionPriority: 1,
        insecureSkipTLSVerify: true,
        service: { namespace: 'default', name: 'gone' },
      },
    });
  });
  expect(of('kube_apiserver_nodeport_allocator_allocated_ports')).toBe(2);
  expect(of('kube_apiserver_nodeport_allocator_available_ports')).toBe(2766);
  const taken = of('kube_apiserver_clusterip_allocator_allocated_ips{cidr="10.96.0.0/16"}');
  expect(taken).toBeGreaterThan(0);
  expect(of('kube_apiserver_clusterip_allocator_available_ips{cidr="10.96.0.0/16"}')).toBe(
    65_534 - (taken ?? 0),
  );
  expect(of('aggregator_unavailable_apiservice{name="v1.gone.example"}')).toBe(1);
  expect(of('aggregator_unavailable_apiservice{name="v1."}')).toBe(0);
});

test('how long it took to know who asks and what they may is told, and who by few names', async () => {
  const { of } = await numbersAfter(async (call) => {
    await call('GET', configMaps);
  });
  expect(of('authentication_duration_seconds_count{result="success"}')).toBeGreaterThan(0);
  expect(of('authorization_duration_seconds_count{result="allowed"}')).toBeGreaterThan(0);
  expect(of('authenticated_user_requests{username="admin"}')).toBeGreaterThan(0);
});

test('checks of its health are counted when they were asked for together', async () => {
  await using server = await disposableServer();
  const call = callerOf(server.url);
  await call('GET', '/readyz');
  await call('GET', '/readyz');
  await call('GET', '/livez/ping');
  const { body } = await call('GET', '/metrics/slis');
  const lines = (body.message ?? '').split('\n');
  expect(lines).toContain('kubernetes_healthcheck{name="etcd",type="readyz"} 1');
  expect(lines).toContain('kubernetes_healthchecks_total{name="etcd",status="success",type="readyz"} 2');
  expect(lines.some((line) => line.includes('type="livez"'))).toBe(false);
});
