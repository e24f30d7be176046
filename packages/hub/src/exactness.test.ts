/** Whatever happens at the center, to the link and to the hub: in the end the hub's copy is the center's, to the byte. */
import type { ConfigMap } from '@skerry/api';
import { silentLogger, systemClock } from '@skerry/base';
import { eventually } from '@skerry/base/testing';
import { Informer, resources, type Transport } from '@skerry/client';
import { array, assert, asyncProperty, constant, constantFrom, integer, oneof, record } from 'fast-check';
import { expect, test } from 'vitest';
import { HubHarness } from '#testing/hub-harness.ts';

const namespace = 'default';
const path = `/api/v1/namespaces/${namespace}/configmaps`;
const rule = { apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list', 'watch'] };

const step = oneof(
  {
    weight: 6,
    arbitrary: record({ do: constant('put' as const), name: integer({ min: 0, max: 5 }) }),
  },
  {
    weight: 3,
    arbitrary: record({ do: constant('delete' as const), name: integer({ min: 0, max: 5 }) }),
  },
  { weight: 2, arbitrary: record({ do: constantFrom('cut' as const, 'mend' as const) }) },
  { weight: 1, arbitrary: record({ do: constantFrom('restart' as const, 'forget' as const) }) },
);

test('a copy equals its original after any edits, cuts, restarts and lost history', async () => {
  const harness = await HubHarness.start();
  try {
    const { token } = await harness.podToken(namespace, 'reader', [rule]);
    await assert(
      asyncProperty(array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
        const stop = new AbortController();
        const informer = new Informer<ConfigMap>({
          source: harness.as(token).resource<ConfigMap>(resources.configMaps),
          name: 'configmaps',
          scope: { namespace },
          clock: systemClock,
          log: silentLogger,
          random: () => 0,
        });
        const running = informer.run(stop.signal);
        try {
          await informer.waitForSync();
          let value = 0;
          for (const each of steps) await carryOut(harness, each, () => String(++value));
          harness.link.mend();
          await eventually(async () => {
            const original = await linesOf(harness.center, path);
            expect(await linesOf(harness.transportOf(token), `${path}?resourceVersion=0`)).toEqual(original);
            const told = informer
              .list()
              .map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`);
            expect(told.sort()).toEqual(original.map(placeOf).sort());
          });
        } finally {
          stop.abort();
          await running;
        }
      }),
      { numRuns: 12 },
    );
  } finally {
    await harness.close();
  }
}, 120_000);

type Step = { readonly do: string; readonly name?: number };

async function carryOut(
  harness: HubHarness,
  { do: what, name = 0 }: Step,
  next: () => string,
): Promise<void> {
  const configMaps = harness.admin.resource<ConfigMap>(resources.configMaps);
  switch (what) {
    case 'put': {
      const data = { value: next() };
      await configMaps
        .patch(`c${name}`, { data }, { namespace, type: 'merge' })
        .catch(() => configMaps.create({ metadata: { name: `c${name}`, namespace }, data }));
      return;
    }
    case 'delete':
      await configMaps.delete(`c${name}`, { namespace }).catch(() => undefined);
      return;
    case 'cut':
      harness.link.cut();
      return;
    case 'mend':
      harness.link.mend();
      return;
    case 'restart':
      return harness.restart();
    default:
      return harness.forgetHistory();
  }
}

/** The items of a list, as text. */
async function linesOf(transport: Transport, from: string): Promise<string[]> {
  const { body } = await transport.request({
    method: 'GET',
    path: from,
    headers: { accept: 'application/json' },
  });
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  const { items } = JSON.parse(Buffer.concat(chunks).toString()) as { items: object[] };
  return items.map((item) => JSON.stringify(item));
}

function placeOf(line: string): string {
  const { metadata } = JSON.parse(line) as ConfigMap;
  return `${metadata.name}@${metadata.resourceVersion}`;
}
