import { MetricRegistry } from '@skerry/base';
import { FakeClock } from '@skerry/base/testing';
import { expect, test } from 'vitest';
import { countRequests } from '#counted-transport.ts';
import type { Transport } from '#transport.ts';

test('requests are counted by how they were answered, and those that nobody answered too', async () => {
  const clock = new FakeClock();
  const metrics = new MetricRegistry();
  const statuses = [200, 409, undefined];
  const inner: Transport = {
    async request() {
      const status = statuses.shift();
      const answered = clock.advance(30);
      await answered;
      if (status === undefined) throw new Error('nobody is there');
      return { status, headers: {}, body: (async function* () {})() };
    },
    close: () => undefined,
  };
  const transport = countRequests(metrics, { clock, host: 'api' })(inner);
  const ask = (method: 'GET' | 'PUT') => transport.request({ method, path: '/', headers: {} });
  await ask('GET');
  await ask('PUT');
  await expect(ask('GET')).rejects.toThrow('nobody is there');
  const page = metrics.render();
  expect(page).toContain('rest_client_requests_total{code="200",method="GET",host="api"} 1');
  expect(page).toContain('rest_client_requests_total{code="409",method="PUT",host="api"} 1');
  expect(page).toContain('rest_client_requests_total{code="<error>",method="GET",host="api"} 1');
  expect(page).toContain('rest_client_request_duration_seconds_bucket{verb="GET",host="api",le="0.025"} 0');
  expect(page).toContain('rest_client_request_duration_seconds_bucket{verb="GET",host="api",le="0.1"} 2');
});
