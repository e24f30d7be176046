/** The texts are those of a stock server. */
import { expect, test } from 'vitest';
import { kindOf } from '#kinds/builtin.ts';
import type { AnyObject } from '#object.ts';

const conversion = kindOf('autoscaling', 'v1', 'HorizontalPodAutoscaler')!.conversion!;
const prefix = 'autoscaling.alpha.kubernetes.io/';
const selector = { matchLabels: { a: 'b' } };

const spec = {
  maxReplicas: 3,
  scaleTargetRef: { kind: 'Deployment', name: 'd' },
  metrics: [
    {
      type: 'Resource',
      resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } },
    },
    {
      type: 'Pods',
      pods: { metric: { name: 'p', selector }, target: { type: 'AverageValue', averageValue: '10' } },
    },
    {
      type: 'Object',
      object: {
        describedObject: { kind: 'Ingress', name: 'i', apiVersion: 'networking.k8s.io/v1' },
        metric: { name: 'o' },
        target: { type: 'Value', value: '1k' },
      },
    },
    {
      type: 'External',
      external: { metric: { name: 'e', selector }, target: { type: 'AverageValue', averageValue: '30' } },
    },
    {
      type: 'ContainerResource',
      containerResource: {
        name: 'cpu',
        container: 'c',
        target: { type: 'Utilization', averageUtilization: 7 },
      },
    },
    {
      type: 'Resource',
      resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 5 } },
    },
  ],
  behavior: { scaleUp: { stabilizationWindowSeconds: 3, selectPolicy: 'Max' } },
};
const status = {
  desiredReplicas: 1,
  currentReplicas: 0,
  currentMetrics: [
    { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 5, averageValue: '3m' } } },
    { type: 'Pods', pods: { metric: { name: 'p' }, current: { averageValue: '10' } } },
  ],
  conditions: [
    {
      type: 'AbleToScale',
      status: 'True',
      lastTransitionTime: '2025-01-01T00:00:00Z',
      reason: 'r',
      message: 'm',
    },
  ],
};
const whole: AnyObject = {
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'h', annotations: { x: 'y' } },
  spec,
  status,
};

test('what autoscaling/v1 cannot say rides in annotations of their own old forms', () => {
  const old = conversion.fromStorage(whole);
  expect(old.metadata?.annotations).toEqual({
    x: 'y',
    [`${prefix}metrics`]:
      '[{"type":"Resource","resource":{"name":"memory","targetAverageValue":"1Gi"}},{"type":"Pods","pods":{"metricName":"p","targetAverageValue":"10","selector":{"matchLabels":{"a":"b"}}}},{"type":"Object","object":{"target":{"kind":"Ingress","name":"i","apiVersion":"networking.k8s.io/v1"},"metricName":"o","targetValue":"1k"}},{"type":"External","external":{"metricName":"e","metricSelector":{"matchLabels":{"a":"b"}},"targetAverageValue":"30"}},{"type":"ContainerResource","containerResource":{"name":"cpu","targetAverageUtilization":7,"container":"c"}}]',
    [`${prefix}current-metrics`]:
      '[{"type":"Resource","resource":{"name":"cpu","currentAverageUtilization":5,"currentAverageValue":"3m"}},{"type":"Pods","pods":{"metricName":"p","currentAverageValue":"10"}}]',
    [`${prefix}conditions`]:
      '[{"type":"AbleToScale","status":"True","lastTransitionTime":"2025-01-01T00:00:00Z","reason":"r","message":"m"}]',
    [`${prefix}behavior`]:
      '{"ScaleUp":{"StabilizationWindowSeconds":3,"SelectPolicy":"Max","Policies":null,"Tolerance":null},"ScaleDown":null}',
  });
  expect(old['spec']).toMatchObject({ targetCPUUtilizationPercentage: 5 });
  expect(old['status']).toMatchObject({ currentCPUUtilizationPercentage: 5 });
});

test('nothing is lost on the way to autoscaling/v1 and back', () => {
  expect(conversion.toStorage(conversion.fromStorage(whole))).toEqual(whole);
});

test('an annotation that says nothing readable is dropped', () => {
  const annotations = {
    [`${prefix}metrics`]: '{',
    [`${prefix}behavior`]: '[]',
    [`${prefix}conditions`]: '7',
  };
  const read = conversion.toStorage({
    ...whole,
    apiVersion: 'autoscaling/v1',
    metadata: { name: 'h', annotations },
    spec: { maxReplicas: 3, scaleTargetRef: spec.scaleTargetRef },
    status: {},
  });
  expect(read.metadata).toEqual({ name: 'h' });
  expect(read['spec']).toEqual({ maxReplicas: 3, scaleTargetRef: spec.scaleTargetRef });
});
