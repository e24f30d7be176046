import type { Pod } from '@skerry/api';
import { silentLogger } from '@skerry/base';
import { FakeClock } from '@skerry/base/testing';
import type { ApiClient } from '@skerry/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ClusterCache } from '#cache/cluster-cache.ts';
import type { Item } from '#cache/item.ts';
import { GpuSampler } from '#metrics/gpu-sampler.ts';
import { itemsOf } from '#testing/items-of.ts';

const clock = new FakeClock();
let sampler: GpuSampler;
let asked: string[];
let answers: Record<string, string>;

const pod = (name: string, node: string, labels: Record<string, string>): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'gpu', uid: name, labels },
  spec: { nodeName: node, containers: [{ name: 'main', image: 'i' }] },
  status: { phase: 'Running' },
});

const pods: readonly Item[] = itemsOf('pods', [
  pod('exporter-1', 'g-1', { 'app.kubernetes.io/name': 'dcgm-exporter' }),
  pod('exporter-2', 'g-2', { app: 'nvidia-dcgm-exporter' }),
  pod('other', 'g-1', { app: 'other' }),
]);

beforeEach(() => {
  asked = [];
  answers = {
    'exporter-1': `DCGM_FI_DEV_GPU_UTIL{UUID="a",namespace="ai",pod="llm"} 80
DCGM_FI_DEV_GPU_UTIL{UUID="b"} 20
`,
  };
  const request = async (_: string, path: string) => {
    asked.push(path);
    const name = /pods\/([^/:]+):9400\/proxy\/metrics$/.exec(path)?.[1] ?? '';
    const answer = answers[name];
    if (answer === undefined) throw new Error('forbidden');
    return answer;
  };
  sampler = new GpuSampler({
    cache: { cluster: 'edge', held: () => ({ items: () => pods }) } as unknown as ClusterCache,
    client: { request } as unknown as ApiClient,
    clock,
    log: silentLogger,
  });
});
afterEach(() => sampler.close());

test('nobody is asked while nobody looks', async () => {
  await clock.advance(120_000);
  expect(asked).toEqual([]);
});

test('each exporter is asked for its machine, and one that refuses tells of nothing', async () => {
  sampler.touch();
  await clock.advance(1_000);
  expect(asked).toEqual([
    '/api/v1/namespaces/gpu/pods/exporter-1:9400/proxy/metrics',
    '/api/v1/namespaces/gpu/pods/exporter-2:9400/proxy/metrics',
  ]);
  expect([sampler.busy('node/g-1'), sampler.busy('ai/llm'), sampler.busy('node/g-2')]).toEqual([
    0.5,
    0.8,
    undefined,
  ]);
});

test('what an exporter said before it went away is not told as if it were now', async () => {
  sampler.touch();
  await clock.advance(1_000);
  answers = {};
  await clock.advance(30_000);
  expect(sampler.busy('node/g-1')).toBeUndefined();
  expect(sampler.hour.read('node/g-1', 0, clock.now()).filter((one) => one !== null)).toEqual([0.5]);
});
