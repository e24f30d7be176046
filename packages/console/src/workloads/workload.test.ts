import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from '#editor/object-text.ts';
import { envSources, portOf, readChoice, volumeSources, writeChoice } from './choices.ts';
import { getAt, setAt } from './object-path.ts';
import { isSimplePlacement, readPlacement, writePlacement, type PlacementKind } from './placement-rules.ts';
import {
  missingIn,
  named,
  newWorkload,
  templatePath,
  withKind,
  workloadFacts,
  workloadKinds,
} from './workload.ts';

describe.each(workloadKinds)('a new %s', (kind) => {
  test('finds its own pods by its name, once it has one', () => {
    const object = named(newWorkload(kind), 'web');
    const labels = getAt(object, [...templatePath(object), 'metadata', 'labels']);
    expect(labels).toEqual({ app: 'web' });
    const selector = getAt(object, ['spec', 'selector', 'matchLabels']);
    expect(selector).toEqual(workloadFacts[kind].hasSelector ? { app: 'web' } : undefined);
  });

  test('keeps its pods when it becomes another kind and comes back', () => {
    const object = setAt(
      named(newWorkload(kind), 'web'),
      [...workloadFacts[kind].template, 'spec', 'hostNetwork'],
      true,
    );
    for (const other of workloadKinds) {
      const there = withKind(object, other);
      expect(there).toMatchObject({ kind: other, apiVersion: workloadFacts[other].apiVersion });
      expect(getAt(there, [...templatePath(there), 'spec', 'hostNetwork'])).toBe(true);
      expect(withKind(there, kind)).toEqual(object);
    }
  });

  test('says what it lacks', () => {
    expect(missingIn(newWorkload(kind))).toEqual(['name', 'image']);
  });
});

test('a label that a person chose does not follow the name', () => {
  const object = setAt(named(newWorkload('Deployment'), 'web'), ['metadata', 'labels', 'app'], 'mine');
  expect(named(object, 'other').metadata).toMatchObject({ name: 'other', labels: { app: 'mine' } });
});

const kinds: readonly PlacementKind[] = ['pools', 'regions', 'nodes'];
const foreign = { key: 'disk', operator: 'Exists' };
const withTerms = (...nodeSelectorTerms: object[]) => ({
  containers: [],
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
});

describe('placement', () => {
  test('what is chosen is read back, and taken back leaves no trace', () => {
    const values = fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { maxLength: 3 });
    const before = fc.constantFrom<object>(
      {},
      { hostNetwork: true },
      withTerms({ matchExpressions: [foreign] }),
    );
    fc.assert(
      fc.property(
        before,
        fc.array(fc.tuple(fc.constantFrom(...kinds), values), { maxLength: 6 }),
        (podSpec, choices) => {
          const last = new Map(choices);
          const chosen = choices.reduce((spec, [kind, names]) => writePlacement(spec, kind, names), podSpec);
          for (const kind of kinds) expect(readPlacement(chosen, kind)).toEqual(last.get(kind) ?? []);
          expect(isSimplePlacement(chosen)).toBe(true);
          expect(kinds.reduce((spec, kind) => writePlacement(spec, kind, []), chosen)).toEqual(podSpec);
        },
      ),
    );
  });

  test.each([
    ['several terms', withTerms({ matchExpressions: [foreign] }, { matchExpressions: [foreign] })],
    [
      'a pool that is left out',
      withTerms({
        matchExpressions: [{ key: 'apps.openyurt.io/nodepool', operator: 'NotIn', values: ['a'] }],
      }),
    ],
    ['a pool in the node selector', { nodeSelector: { 'apps.openyurt.io/nodepool': 'a' } }],
  ])('%s is more than the form can show', (_, podSpec) => {
    expect(isSimplePlacement(podSpec)).toBe(false);
  });
});

describe('one of several', () => {
  test('the other is taken away when one is chosen, what is beside it stays', () => {
    const volume = { name: 'data', hostPath: { path: '/data' }, note: 1 };
    expect(writeChoice(volume, volumeSources, 'secret')).toEqual({
      name: 'data',
      secret: { secretName: '' },
      note: 1,
    });
    expect(writeChoice(volume, volumeSources, 'hostPath')).toBe(volume);
  });

  test('a source that the form does not know is told apart from none', () => {
    expect(readChoice({ name: 'a', csi: {} }, volumeSources, ['name'])).toBe('other');
    expect(readChoice({ name: 'A' }, envSources, ['name'])).toBe('value');
    expect(readChoice({ name: 'A', valueFrom: { secretKeyRef: {} } }, envSources, ['name'])).toBe('secret');
  });

  test.each([
    ['80', 80],
    [' http ', 'http'],
    ['', undefined],
  ])('port %j is %j', (text, port) => {
    expect(portOf(text)).toBe(port);
  });
});

test('an object goes through every field of the form unchanged', () => {
  const object: KubernetesObject = {
    ...named(newWorkload('DaemonSet'), 'x'),
    unknown: { kept: [1, { deep: true }] },
  };
  expect(named(withKind(object, 'DaemonSet'), 'x')).toEqual(object);
});
