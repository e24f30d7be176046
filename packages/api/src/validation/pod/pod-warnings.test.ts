import { expect, test } from 'vitest';
import type { Container, Deployment, PodSpec } from '#types.generated.ts';
import { podWarnings, workloadWarnings } from '#validation/pod/pod-warnings.ts';

const withContainers = (...containers: Partial<Container>[]): PodSpec => ({
  containers: containers.map((container, index) => ({ name: `c${index}`, image: 'i', ...container })),
});

test.each<[string, PodSpec, string[]]>([
  ['nothing', withContainers({ env: [{ name: 'A', value: '1' }], ports: [{ containerPort: 80 }] }), []],
  [
    'an old label',
    { ...withContainers({}), nodeSelector: { 'beta.kubernetes.io/os': 'linux' } },
    ['spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead'],
  ],
  [
    'a variable that hides another',
    withContainers({
      env: [
        { name: 'A', value: '1' },
        { name: 'A', value: '2' },
      ],
    }),
    ['spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply'],
  ],
  [
    'nothing of a variable that builds on another',
    withContainers({
      env: [
        { name: 'A', value: '1' },
        { name: 'A', value: '$(A)2' },
      ],
    }),
    [],
  ],
  [
    'half a byte',
    withContainers({ resources: { limits: { memory: '500m' } } }),
    [
      'spec.containers[0].resources.limits[memory]: fractional byte value "500m" is invalid, must be an integer',
    ],
  ],
  [
    'one port twice',
    withContainers({ ports: [{ containerPort: 80 }] }, { ports: [{ containerPort: 80 }] }),
    ['spec.containers[1].ports[0]: duplicate port definition with spec.containers[0].ports[0]'],
  ],
  [
    'spread over nothing',
    {
      ...withContainers({}),
      topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }],
    },
    ['spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod'],
  ],
])('warns about %s', (_, spec, expected) => {
  expect(podWarnings({ metadata: { name: 'a' }, spec })).toEqual(expected);
});

test('a pod with dots in its name is warned about its hostname', () => {
  expect(podWarnings({ metadata: { name: 'a.b' }, spec: withContainers({}) })).toEqual([
    "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]",
  ]);
});

test('a workload that a change leaves alone is not warned about again', () => {
  const deployment = (...containers: Partial<Container>[]): Deployment => ({
    metadata: { name: 'a.b' },
    spec: { selector: {}, template: { spec: withContainers(...containers) } },
  });
  const twice = deployment({ ports: [{ containerPort: 80 }, { containerPort: 80 }] });
  const warnings = (next: Deployment, old?: Deployment) =>
    workloadWarnings(next, old, ({ spec }) => spec?.template);
  const warning =
    'spec.template.spec.containers[0].ports[1]: duplicate port definition with spec.template.spec.containers[0].ports[0]';
  expect(warnings(twice)).toEqual([warning]);
  expect(warnings(twice, deployment({}))).toEqual([warning]);
  expect(warnings(twice, structuredClone(twice))).toEqual([]);
});
