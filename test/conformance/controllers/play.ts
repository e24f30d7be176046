/** Plays one sequence in a namespace of its own. */
import { isDeepStrictEqual } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import { ApiError, type Pod } from '@skerry/api';
import { type ResourceRef, resources } from '@skerry/client';
import type { PlayedCluster } from './clusters.ts';
import { differencesOf } from './differences.ts';
import type { Sequence, Stage } from './sequence.ts';
import { Snapshots } from './snapshot.ts';

/** How each look ended, by its label. */
export type Looks = Record<string, unknown>;

/** With what was recorded a look waits until all is like that; without, until nothing has changed for a while. */
export async function playSequence(
  cluster: PlayedCluster,
  { sequence, namespace, recorded }: { sequence: Sequence; namespace: string; recorded?: Looks },
): Promise<Looks> {
  const { client, player } = cluster;
  const snapshots = new Snapshots(client, namespace, sequence.looksAt);
  const looks: Looks = {};
  let answers: unknown[] = [];
  await client.resource(resources.namespaces).create({ metadata: { name: namespace } });
  await waitForAccount(cluster, namespace);
  const take = async () => ({
    ...((await snapshots.take()) as object),
    ...(answers.length > 0 ? { answers } : {}),
  });
  const prefixed = <T>(value: T): T =>
    JSON.parse(
      JSON.stringify(value).replaceAll('~', `${namespace}-`).replaceAll('<namespace>', namespace),
    ) as T;
  const placeOf = (ref: ResourceRef) => (ref.namespaced ? { namespace } : {});
  const stage: Stage = {
    async create(ref, object) {
      const metadata = { ...object.metadata, ...placeOf(ref) };
      await client.resource(ref).create(prefixed({ ...object, metadata }));
    },
    async merge(ref, name, patch, subresource) {
      await client.resource(ref).patch(prefixed(name), prefixed(patch), {
        type: 'merge',
        ...placeOf(ref),
        ...(subresource === undefined ? {} : { subresource }),
      });
    },
    async remove(ref, name, propagationPolicy = 'Background') {
      await client.resource(ref).delete(prefixed(name), { ...placeOf(ref), propagationPolicy });
    },
    async ask(action) {
      answers.push(await answerTo(action, 'done'));
    },
    removeNamespace: () => client.resource(resources.namespaces).delete(namespace),
    async evict(labels) {
      const labelSelector = Object.entries(labels)
        .map(([key, value]) => `${key}=${value}`)
        .join(',');
      const { items } = await client.resource<Pod>(resources.pods).list({ namespace, labelSelector });
      const name = items.map(({ metadata }) => metadata.name ?? '').sort()[0] ?? '';
      const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } };
      const asked = () =>
        client.resource(resources.pods).createSubresource(name, 'eviction', eviction, { namespace });
      answers.push(await answerTo(asked, 'evicted'));
    },
    measure: (metric, value) => cluster.adapter.measure(namespace, metric, value),
    turn: (image, fate) => player.turn(namespace, image, fate),
    async later() {
      const second = Math.floor(Date.now() / 1000);
      while (Math.floor(Date.now() / 1000) === second) await delay(20);
    },
    async look(label, options) {
      const isLike = (seen: unknown) =>
        differencesOf(sequence, { [label]: seen }, { [label]: recorded?.[label] }).length === 0;
      looks[label] = recorded ? await untilLike(take, isLike) : await untilSteady(take, options);
      answers = [];
    },
  };
  await sequence.play(stage);
  return looks;
}

async function answerTo(action: () => Promise<unknown>, done: string): Promise<unknown> {
  try {
    await action();
    return done;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const { causes } = error.status.details ?? {};
    return { code: error.code, message: error.message, ...(causes ? { details: causes } : {}) };
  }
}

/** On a machine that does other things as well. */
const patienceMs = 60_000;
const steadyMsDefault = 8_000;
const steadyMsMax = 90_000;

async function untilLike(take: () => Promise<unknown>, isLike: (seen: unknown) => boolean): Promise<unknown> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const seen = await take();
    if (isLike(seen) || performance.now() > deadline) return seen;
    await delay(100);
  }
}

async function untilSteady(
  take: () => Promise<unknown>,
  { steadyMs = steadyMsDefault }: { readonly steadyMs?: number } = {},
): Promise<unknown> {
  const startedMs = performance.now();
  let seen = await take();
  let sinceMs = performance.now();
  while (
    performance.now() - sinceMs < steadyMs &&
    performance.now() - startedMs < Math.max(steadyMsMax, 2 * steadyMs)
  ) {
    await delay(200);
    const next = await take();
    if (isDeepStrictEqual(next, seen)) continue;
    seen = next;
    sinceMs = performance.now();
  }
  return seen;
}

async function waitForAccount({ client }: PlayedCluster, namespace: string): Promise<void> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    try {
      await client.resource(resources.serviceAccounts).get('default', { namespace });
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await delay(100);
  }
}
