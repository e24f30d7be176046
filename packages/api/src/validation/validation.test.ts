import { expect, test } from 'vitest';
import { builtinKinds } from '#kinds/builtin.ts';
import type { AnyObject } from '#object.ts';

type Json = Record<string, unknown>;

const podSpec = (more: Json = {}): Json => ({ containers: [{ name: 'a', image: 'i' }], ...more });
const container = (more: Json): Json => podSpec({ containers: [{ name: 'a', image: 'i', ...more }] });
const labels = { app: 'web' };
const workload = (more: Json = {}, template: Json = podSpec()): Json => ({
  selector: { matchLabels: labels },
  template: { metadata: { labels }, spec: template },
  ...more,
});

/** Faults of a new object after defaults, as `path: message`. */
function faults(kind: string, object: Json): string[] {
  const info = builtinKinds.findLast((known) => known.kind === kind)!;
  const whole = { metadata: { name: 'x' }, kind, ...object } as AnyObject;
  info.strategy.setDefaults?.(whole);
  info.strategy.prepareForCreate?.(whole);
  return info.strategy.validate!(whole).map(({ path, message }) => `${path}: ${message}`);
}

function updateFaults(kind: string, old: Json, next: Json, subresource = ''): string[] {
  const info = builtinKinds.findLast((known) => known.kind === kind)!;
  const [before, after] = [old, next].map((object) => {
    const whole = structuredClone({ metadata: { name: 'x' }, kind, ...object }) as AnyObject;
    info.strategy.setDefaults?.(whole);
    return whole;
  }) as [AnyObject, AnyObject];
  return info.strategy.validateUpdate!(after, before, subresource).map(
    ({ path, message }) => `${path}: ${message}`,
  );
}

test.each<[string, Json, string[]]>([
  ['Pod', { spec: podSpec() }, []],
  ['Pod', { spec: {} }, ['spec.containers: Required value']],
  [
    'Pod',
    { spec: { containers: [{}] } },
    ['spec.containers[0].name: Required value', 'spec.containers[0].image: Required value'],
  ],
  [
    'Pod',
    {
      spec: {
        containers: [
          { name: 'a', image: 'i' },
          { name: 'a', image: 'i' },
        ],
      },
    },
    ['spec.containers[1].name: Duplicate value: "a"'],
  ],
  [
    'Pod',
    { spec: container({ volumeMounts: [{ name: 'v', mountPath: '/v' }] }) },
    ['spec.containers[0].volumeMounts[0].name: Not found: "v"'],
  ],
  [
    'Pod',
    { spec: container({ ports: [{ containerPort: 70000 }] }) },
    [
      'spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive',
    ],
  ],
  [
    'Pod',
    { spec: container({ env: [{ name: 'a=b' }] }) },
    [
      'spec.containers[0].env[0].name: Invalid value: "a=b": a valid environment variable name must consist only of printable ASCII characters other than \'=\'',
    ],
  ],
  [
    'Pod',
    { spec: container({ livenessProbe: {} }) },
    ['spec.containers[0].livenessProbe: Required value: must specify a handler type'],
  ],
  [
    'Pod',
    { spec: container({ readinessProbe: { exec: { command: ['x'] }, tcpSocket: { port: 1 } } }) },
    ['spec.containers[0].readinessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type'],
  ],
  [
    'Pod',
    { spec: container({ resources: { requests: { memory: '2Gi' }, limits: { memory: '1Gi' } } }) },
    [
      'spec.containers[0].resources.requests: Invalid value: "2Gi": must be less than or equal to memory limit of 1Gi',
    ],
  ],
  [
    'Pod',
    { spec: container({ resources: { limits: { 'nvidia.com/gpu': '1500m' } } }) },
    [
      'spec.containers[0].resources.limits[nvidia.com/gpu]: Invalid value: "1500m": must be an integer',
      'spec.containers[0].resources.requests[nvidia.com/gpu]: Invalid value: "1500m": must be an integer',
    ],
  ],
  [
    'Pod',
    { spec: container({ imagePullPolicy: 'Sometimes' }) },
    [
      'spec.containers[0].imagePullPolicy: Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"',
    ],
  ],
  [
    'Pod',
    { spec: podSpec({ volumes: [{ name: 'v', emptyDir: {}, hostPath: { path: '/x' } }] }) },
    ['spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type'],
  ],
  [
    'Pod',
    { spec: podSpec({ tolerations: [{ operator: 'Exists', tolerationSeconds: 5 }] }) },
    [
      'spec.tolerations[0].effect: Invalid value: "": effect must be \'NoExecute\' when `tolerationSeconds` is set',
    ],
  ],
  [
    'Pod',
    { metadata: { name: 'x', labels: { 'a b': 'c' } }, spec: podSpec() },
    [
      expect.stringMatching(
        /^metadata\.labels: Invalid value: "a b": name part must consist of/,
      ) as unknown as string,
    ],
  ],
  ['Deployment', { spec: workload() }, []],
  [
    'Deployment',
    { spec: { template: { metadata: { labels }, spec: podSpec() } } },
    [
      'spec.selector: Required value',
      'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
    ],
  ],
  [
    'Deployment',
    { spec: { ...workload(), selector: { matchLabels: { app: 'other' } } } },
    [
      'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
    ],
  ],
  [
    'Deployment',
    { spec: workload({}, podSpec({ restartPolicy: 'Never' })) },
    ['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'],
  ],
  [
    'Deployment',
    { spec: workload({ replicas: -1 }) },
    ['spec.replicas: Invalid value: -1: must be greater than or equal to 0'],
  ],
  [
    'Deployment',
    { spec: workload({ strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: '0%' } } }) },
    ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0'],
  ],
  [
    'DaemonSet',
    { spec: workload({ updateStrategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } } }) },
    [
      'spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero',
    ],
  ],
  [
    'Job',
    { metadata: { name: 'x', uid: 'u' }, spec: { template: { spec: podSpec({ restartPolicy: 'Never' }) } } },
    [],
  ],
  [
    'Job',
    { metadata: { name: 'x', uid: 'u' }, spec: { template: { spec: podSpec() } } },
    ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
  ],
  [
    'CronJob',
    {
      spec: {
        schedule: '61 * * * *',
        jobTemplate: { spec: { template: { spec: podSpec({ restartPolicy: 'Never' }) } } },
      },
    },
    ['spec.schedule: Invalid value: "61 * * * *": end of range (61) above maximum (59): 61'],
  ],
  ['Service', { spec: { ports: [{ port: 80 }] } }, []],
  ['Service', { spec: {} }, ['spec.ports: Required value']],
  [
    'Service',
    { metadata: { name: 'a.b' }, spec: { ports: [{ port: 80 }] } },
    ['metadata.name: Invalid value: "a.b": must not contain dots'],
  ],
  [
    'Service',
    { spec: { ports: [{ port: 80 }, { port: 80, name: 'b' }] } },
    [
      'spec.ports[0].name: Required value',
      'spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,"TargetPort":0,"NodePort":0}',
    ],
  ],
  [
    'Namespace',
    { metadata: { name: 'a.b' } },
    ['metadata.name: Invalid value: "a.b": must not contain dots'],
  ],
  [
    'ConfigMap',
    { data: { 'a/b': '' } },
    [
      expect.stringContaining(
        'data[a/b]: Invalid value: "a/b": a valid config key must consist of',
      ) as unknown as string,
    ],
  ],
  [
    'ConfigMap',
    { data: { a: 'x'.repeat(1024 * 1024 + 1) } },
    ['[]: Too long: may not be more than 1048576 bytes'],
  ],
  ['Secret', { type: 'kubernetes.io/tls', data: { 'tls.crt': '' } }, ['data[tls.key]: Required value']],
  [
    'Role',
    { rules: [{ verbs: ['get'], nonResourceURLs: ['/x'] }] },
    ['rules[0].nonResourceURLs: Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs'],
  ],
  [
    'RoleBinding',
    { roleRef: { kind: 'Role', name: 'r' }, subjects: [{ kind: 'ServiceAccount', name: '' }] },
    ['subjects[0].name: Required value'],
  ],
  [
    'PriorityClass',
    { value: 2_000_000_000 },
    ['value: Forbidden: maximum allowed value of a user defined priority is 1000000000'],
  ],
  [
    'Node',
    { spec: { taints: [{ key: 'a', effect: 'Never' }] } },
    [
      'metadata.taints[0].effect: Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
    ],
  ],
  [
    'PersistentVolumeClaim',
    { spec: { accessModes: ['ReadWriteOnce'] } },
    ['spec.resources[storage]: Required value'],
  ],
  [
    'Ingress',
    {
      spec: {
        rules: [{ host: '10.0.0.1', http: { paths: [{ path: 'x', pathType: 'Prefix', backend: {} }] } }],
      },
    },
    [
      'spec.rules[0].host: Invalid value: "10.0.0.1": must be a DNS name, not an IP address',
      'spec.rules[0].http.paths[0].path: Invalid value: "x": must be an absolute path',
      'spec.rules[0].http.paths[0].backend: Invalid value: "": resource or service backend is required',
    ],
  ],
  [
    'NetworkPolicy',
    { spec: { ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0' } }, {}] }] } },
    [
      'spec.ingress[0].from[0].ipBlock.cidr: Invalid value: "10.0.0.0": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
      'spec.ingress[0].from[1]: Required value: must specify a peer',
    ],
  ],
  [
    'ValidatingWebhookConfiguration',
    {
      webhooks: [
        {
          name: 'a.b',
          sideEffects: 'Some',
          admissionReviewVersions: ['v1'],
          clientConfig: { url: 'http://x' },
        },
      ],
    },
    [
      'webhooks[0].name: Invalid value: "a.b": should be a domain with at least three segments separated by dots',
      'webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"',
      'webhooks[0].clientConfig.url: Invalid value: "http": \'https\' is the only allowed URL scheme; desired format: https://host[/path]',
    ],
  ],
  [
    'LimitRange',
    {
      spec: {
        limits: [
          {
            type: 'Container',
            min: { cpu: '2' },
            max: { cpu: '1' },
            default: { cpu: '1' },
            defaultRequest: { cpu: '1' },
          },
        ],
      },
    },
    [
      'spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1',
      'spec.limits[0].defaultRequest[cpu]: Invalid value: "1": min value 2 is greater than default request value 1',
      'spec.limits[0].default[cpu]: Invalid value: "2": min value 2 is greater than default value 1',
    ],
  ],
])('a new %s of %j has the faults %j', (kind, object, expected) => {
  expect(faults(kind, object)).toEqual(expected);
});

test.each<[string, string, Json, Json, string[]]>([
  [
    'keeps its selector',
    'Deployment',
    { spec: workload() },
    { spec: workload({ selector: { matchLabels: { app: 'x' } } }) },
    [
      'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
      'spec.selector: Invalid value: {"matchLabels":{"app":"x"}}: field is immutable',
    ],
  ],
  [
    'may get another image',
    'Pod',
    { spec: podSpec() },
    { spec: container({ image: 'j', imagePullPolicy: 'Always' }) },
    [],
  ],
  [
    'may get more tolerations',
    'Pod',
    { spec: podSpec() },
    { spec: podSpec({ tolerations: [{ operator: 'Exists' }] }) },
    [],
  ],
  [
    'keeps its tolerations',
    'Pod',
    { spec: podSpec({ tolerations: [{ operator: 'Exists' }] }) },
    { spec: podSpec() },
    ['spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds'],
  ],
  [
    'keeps its number of containers',
    'Pod',
    { spec: podSpec() },
    { spec: { containers: [] } },
    [
      'spec.containers: Required value',
      'spec.containers: Forbidden: pod updates may not add or remove containers',
    ],
  ],
  [
    'keeps its deadline or shortens it',
    'Pod',
    { spec: podSpec({ activeDeadlineSeconds: 5 }) },
    { spec: podSpec({ activeDeadlineSeconds: 6 }) },
    ['spec.activeDeadlineSeconds: Invalid value: 6: must be less than or equal to previous value'],
  ],
  [
    'keeps its address',
    'Service',
    { spec: { ports: [{ port: 80 }], clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1'] } },
    { spec: { ports: [{ port: 80 }], clusterIP: '10.0.0.2', clusterIPs: ['10.0.0.2'] } },
    ['spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set'],
  ],
  [
    'keeps its data when it said so',
    'ConfigMap',
    { immutable: true, data: { a: '1' } },
    { immutable: true, data: { a: '2' } },
    ['data: Forbidden: field is immutable when `immutable` is set'],
  ],
  [
    'keeps its type',
    'Secret',
    { type: 'a/b' },
    { type: 'c/d' },
    ['type: Invalid value: "c/d": field is immutable'],
  ],
  [
    'keeps its value',
    'PriorityClass',
    { value: 1 },
    { value: 2 },
    ['value: Forbidden: may not be changed in an update.'],
  ],
  [
    'keeps its pod network',
    'Node',
    { spec: { podCIDRs: ['10.0.0.0/24'] } },
    { spec: { podCIDRs: ['10.0.1.0/24'] } },
    ['spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid'],
  ],
  ['may get a pod network', 'Node', { spec: {} }, { spec: { podCIDRs: ['10.0.1.0/24'] } }, []],
])('an updated object %s: %s', (_, kind, old, next, expected) => {
  expect(updateFaults(kind, old, next)).toEqual(expected);
});

test('a pod that says what it may not change names the fields that may', () => {
  const [fault = ''] = updateFaults('Pod', { spec: podSpec() }, { spec: podSpec({ hostNetwork: true }) });
  expect(fault).toContain(
    'spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`',
  );
});

test('a node is given to a pod by its binding alone', () => {
  const bound = podSpec({ nodeName: 'n' });
  expect(updateFaults('Pod', { spec: podSpec() }, { spec: bound })).toHaveLength(1);
  expect(updateFaults('Pod', { spec: podSpec() }, { spec: bound }, 'binding')).toEqual([]);
});

test('debug containers and new resources come through their own doors', () => {
  const old = { spec: podSpec() };
  const debugged = { spec: podSpec({ ephemeralContainers: [{ name: 'd', image: 'i' }] }) };
  expect(updateFaults('Pod', old, debugged)).toHaveLength(1);
  expect(updateFaults('Pod', old, debugged, 'ephemeralcontainers')).toEqual([]);
  expect(updateFaults('Pod', debugged, old, 'ephemeralcontainers')).toHaveLength(1);
  const sized = (cpu: string) => ({ spec: container({ resources: { limits: { cpu } } }) });
  expect(updateFaults('Pod', sized('1'), sized('2'))).toHaveLength(1);
  expect(updateFaults('Pod', sized('1'), sized('2'), 'resize')).toEqual([]);
  expect(updateFaults('Pod', old, sized('2'), 'resize')).toEqual([
    'spec: Invalid value: "": Pod QOS Class may not change as a result of resizing',
  ]);
});

test('a Service that gets another type loses what only the former one needed', () => {
  const { strategy } = builtinKinds.find(({ kind }) => kind === 'Service')!;
  const old = {
    metadata: { name: 'x' },
    spec: { type: 'NodePort', clusterIP: '10.0.0.1', ports: [{ port: 80, nodePort: 30080 }] },
  };
  const next = structuredClone(old) as AnyObject & typeof old;
  next.spec.type = 'ClusterIP';
  strategy.prepareForUpdate!(next, old as AnyObject);
  expect(next.spec).toEqual({ type: 'ClusterIP', clusterIP: '10.0.0.1', ports: [{ port: 80 }] });
});
