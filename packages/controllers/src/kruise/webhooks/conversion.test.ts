import type { KubeObject } from '@skerry/api';
import { describe, expect, test } from 'vitest';
import { convertDaemonSet } from '#kruise/webhooks/conversion.ts';

const older = 'apps.kruise.io/v1alpha1';
const newer = 'apps.kruise.io/v1beta1';
const annotations = { 'daemonset.kruise.io/progressive-create-pod': 'true' };

const daemonSet = (apiVersion: string, parts: object): KubeObject => ({
  apiVersion,
  kind: 'DaemonSet',
  metadata: { name: 'x' },
  ...parts,
});

describe('a DaemonSet', () => {
  test.each([
    [
      'keeps its status under the new name',
      { status: { daemonSetHash: 'abc', numberReady: 1 } },
      { status: { updateRevision: 'abc', numberReady: 1 } },
    ],
    [
      'of the type Surging is a Standard one that surges',
      { spec: { updateStrategy: { rollingUpdate: { rollingUpdateType: 'Surging', maxSurge: 1 } } } },
      { spec: { updateStrategy: { rollingUpdate: { rollingUpdateType: 'Standard', maxSurge: 1 } } } },
    ],
    [
      'with the annotation scales with its partition',
      { metadata: { name: 'x', annotations }, spec: {} },
      { metadata: { name: 'x', annotations }, spec: { scaleStrategy: { partitionedScaling: true } } },
    ],
  ])('%s', (_what, from, to) => {
    expect(convertDaemonSet(daemonSet(older, from), newer)).toEqual(daemonSet(newer, to));
  });

  test('goes back to the older version as it came', () => {
    const spec = { scaleStrategy: { partitionedScaling: true } };
    const back = convertDaemonSet(daemonSet(newer, { spec, status: { updateRevision: 'abc' } }), older);
    expect(back).toEqual(
      daemonSet(older, { metadata: { name: 'x', annotations }, spec: {}, status: { daemonSetHash: 'abc' } }),
    );
    expect(convertDaemonSet(back, newer)).toMatchObject({ spec, status: { updateRevision: 'abc' } });
  });

  test('of another group or version is not converted', () => {
    expect(() => convertDaemonSet(daemonSet('apps/v1', {}), newer)).toThrow(/no conversion/);
    expect(() => convertDaemonSet(daemonSet(newer, {}), 'apps.kruise.io/v1')).toThrow(/no conversion/);
  });
});
