/** What people get wrong in Pods. */
import type { Case } from '../../case.ts';
import { changed, container, core, judged } from './asking.ts';

const pod = (spec: object, meta: object = {}) => ({
  metadata: { name: 'p', ...meta },
  spec: { containers: [container()], ...spec },
});

const specs: readonly object[] = [
  { containers: [] },
  { containers: null },
  { containers: [{}] },
  { containers: [{ name: 'c' }] },
  { containers: [container(), container()] },
  { containers: [container({ name: 'Bad_' })] },
  { containers: [container({ image: ' i ' })] },
  { containers: [container({ image: '' })] },
  ...[
    { ports: [{}] },
    { ports: [{ containerPort: 0 }] },
    { ports: [{ containerPort: 70000 }] },
    { ports: [{ containerPort: 80, protocol: 'Foo' }] },
    { ports: [{ containerPort: 80, hostPort: 99999 }] },
    { ports: [{ containerPort: 80, name: 'Bad_Name!' }] },
    { ports: [{ containerPort: 80, name: 'toolongportnamehere' }] },
    {
      ports: [
        { containerPort: 80, name: 'a' },
        { containerPort: 81, name: 'a' },
      ],
    },
    {
      ports: [
        { containerPort: 80, hostPort: 80 },
        { containerPort: 81, hostPort: 80 },
      ],
    },
    { ports: [{ containerPort: 80, hostIP: 'x' }] },
    { env: [{}] },
    { env: [{ name: 'a=b' }] },
    { env: [{ name: 'A', value: 'x', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }] },
    { env: [{ name: 'A', valueFrom: {} }] },
    { env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'bad' } } }] },
    {
      env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: "metadata.labels['a']", apiVersion: 'v2' } } }],
    },
    { env: [{ name: 'A', valueFrom: { secretKeyRef: {} } }] },
    { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'x', key: 'a b' } } }] },
    { env: [{ name: 'A', valueFrom: { resourceFieldRef: { resource: 'limits.foo' } } }] },
    { env: [{ name: 'A', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '3' } } }] },
    { envFrom: [{}] },
    { envFrom: [{ prefix: 'a=', configMapRef: { name: '' } }] },
    { envFrom: [{ configMapRef: { name: 'a' }, secretRef: { name: 'b' } }] },
    { resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } },
    { resources: { requests: { cpu: '-1' } } },
    { resources: { limits: { foo: '1' } } },
    { resources: { limits: { 'example.com/x': '1.5' } } },
    { resources: { requests: { 'example.com/x': '1' } } },
    { resources: { requests: { 'hugepages-2Mi': '1Mi' } } },
    { resources: { limits: { cpu: 'abc' } } },
    { resources: { limits: { cpu: 1.5 } } },
    { resources: { limits: { memory: '1.5e3M' } } },
    { resources: { requests: { 'ephemeral-storage': '1Gi' }, limits: { 'ephemeral-storage': '1Mi' } } },
    { resources: { claims: [{}] } },
    { resources: { requests: { pods: '1' } } },
    { livenessProbe: {} },
    { livenessProbe: { httpGet: {} } },
    { livenessProbe: { httpGet: { port: 80, scheme: 'FTP' } } },
    { livenessProbe: { httpGet: { port: 0 } } },
    { livenessProbe: { httpGet: { port: 'Bad_' } } },
    { livenessProbe: { httpGet: { port: 80 }, tcpSocket: { port: 80 } } },
    { livenessProbe: { exec: {} } },
    {
      livenessProbe: {
        exec: { command: ['x'] },
        initialDelaySeconds: -1,
        timeoutSeconds: -1,
        periodSeconds: -1,
        failureThreshold: -1,
        successThreshold: 2,
      },
    },
    { readinessProbe: { grpc: { port: 99999 }, terminationGracePeriodSeconds: 3 } },
    { startupProbe: { tcpSocket: { port: 1 }, successThreshold: 3 } },
    { livenessProbe: { httpGet: { port: 80, httpHeaders: [{ name: 'bad header', value: 'x' }] } } },
    { lifecycle: { postStart: {} } },
    { lifecycle: { preStop: { exec: { command: [] }, sleep: { seconds: -1 } } } },
    { lifecycle: { stopSignal: 'FOO' } },
    { volumeMounts: [{}] },
    { volumeMounts: [{ name: 'x', mountPath: '/x' }] },
    { imagePullPolicy: 'Foo' },
    { terminationMessagePolicy: 'Foo' },
    { terminationMessagePath: '' },
    {
      securityContext: {
        privileged: false,
        runAsUser: -1,
        procMount: 'Foo',
        allowPrivilegeEscalation: false,
        capabilities: { add: ['CAP_SYS_ADMIN'] },
      },
    },
    { securityContext: { privileged: true, allowPrivilegeEscalation: false } },
    { securityContext: { seccompProfile: { type: 'Localhost' }, appArmorProfile: { type: 'Foo' } } },
    { stdin: true, tty: true, workingDir: 'x' },
    { resizePolicy: [{ resourceName: 'foo', restartPolicy: 'Bar' }] },
    { restartPolicy: 'Always' },
    { restartPolicyRules: [{}] },
  ].map((m) => ({ containers: [container(m)] })),
  { volumes: [{}] },
  { volumes: [{ name: 'v' }, { name: 'v' }] },
  { volumes: [{ name: 'Bad_', emptyDir: {} }] },
  { volumes: [{ name: 'v', emptyDir: {}, hostPath: { path: '/x' } }] },
  { volumes: [{ name: 'v', emptyDir: { sizeLimit: '-1', medium: 'Foo' } }] },
  { volumes: [{ name: 'v', hostPath: { path: '../x', type: 'Foo' } }] },
  { volumes: [{ name: 'v', hostPath: {} }] },
  { volumes: [{ name: 'v', configMap: {} }] },
  {
    volumes: [
      {
        name: 'v',
        configMap: {
          name: 'x',
          defaultMode: 9999,
          items: [
            { key: 'a', path: '../b' },
            { key: '', path: '/x' },
          ],
        },
      },
    ],
  },
  { volumes: [{ name: 'v', secret: { secretName: 'x', items: [{}] } }] },
  { volumes: [{ name: 'v', persistentVolumeClaim: {} }] },
  { volumes: [{ name: 'v', projected: { sources: [{}] } }] },
  {
    volumes: [
      { name: 'v', projected: { sources: [{ serviceAccountToken: { path: '', expirationSeconds: 1 } }] } },
    ],
  },
  {
    volumes: [
      { name: 'v', downwardAPI: { items: [{ path: 'x', fieldRef: { fieldPath: 'status.hostIP' } }] } },
    ],
  },
  { volumes: [{ name: 'v', nfs: {} }] },
  { volumes: [{ name: 'v', csi: {} }] },
  { volumes: [{ name: 'v', ephemeral: {} }] },
  { volumes: [{ name: 'v', ephemeral: { volumeClaimTemplate: { spec: {} } } }] },
  { volumes: [{ name: 'v', image: {} }] },
  { volumes: [{ name: 'v', gitRepo: { repository: 'x', directory: '..' } }] },
  {
    volumes: [{ name: 'v', emptyDir: {} }],
    containers: [
      container({
        volumeMounts: [
          { name: 'v', mountPath: '' },
          { name: 'v', mountPath: '/a' },
          { name: 'v', mountPath: '/a' },
          { name: 'v', mountPath: '/b:c' },
          { name: 'v', mountPath: '/d', subPath: '../x' },
          { name: 'v', mountPath: '/e', subPath: 'a', subPathExpr: 'b' },
          { name: 'v', mountPath: '/f', mountPropagation: 'Foo' },
          { name: 'v', mountPath: '/g', recursiveReadOnly: 'Enabled' },
        ],
      }),
    ],
  },
  {
    volumes: [{ name: 'v', emptyDir: {} }],
    containers: [container({ volumeDevices: [{ name: 'v', devicePath: 'x' }] })],
  },
  { restartPolicy: 'Foo' },
  { dnsPolicy: 'Foo' },
  { dnsPolicy: 'None' },
  {
    dnsPolicy: 'None',
    dnsConfig: {
      nameservers: ['x', '1.1.1.1', '2.2.2.2', '3.3.3.3', '4.4.4.4'],
      searches: ['a'.repeat(300), 'a b'],
      options: [{}],
    },
  },
  { terminationGracePeriodSeconds: -1 },
  { activeDeadlineSeconds: 0 },
  { nodeName: 'Bad_Node' },
  { nodeSelector: { 'a b': 'c d' } },
  { serviceAccountName: 'Bad_' },
  { hostname: 'Bad_', subdomain: 'Bad_' },
  { hostNetwork: true, containers: [container({ ports: [{ containerPort: 80, hostPort: 81 }] })] },
  { hostPID: true, shareProcessNamespace: true },
  { hostAliases: [{ ip: 'x', hostnames: ['Bad_'] }] },
  { priorityClassName: 'Bad_' },
  { priority: 5 },
  { preemptionPolicy: 'Foo' },
  { runtimeClassName: 'Bad_' },
  { schedulerName: 'a b' },
  { readinessGates: [{ conditionType: 'bad cond' }] },
  { enableServiceLinks: null },
  { overhead: { cpu: '1' } },
  { topologySpreadConstraints: [{}] },
  {
    topologySpreadConstraints: [
      {
        maxSkew: 0,
        topologyKey: 'a b',
        whenUnsatisfiable: 'Foo',
        minDomains: 0,
        nodeAffinityPolicy: 'x',
        labelSelector: { matchLabels: { a: 'b' } },
        matchLabelKeys: ['a'],
      },
    ],
  },
  {
    topologySpreadConstraints: [
      { maxSkew: 1, topologyKey: 'z', whenUnsatisfiable: 'DoNotSchedule' },
      { maxSkew: 2, topologyKey: 'z', whenUnsatisfiable: 'DoNotSchedule' },
    ],
  },
  { setHostnameAsFQDN: true, hostname: 'a'.repeat(64) },
  { os: { name: 'foo' } },
  { os: { name: 'windows' }, securityContext: { runAsUser: 1 } },
  { schedulingGates: [{}, { name: 'Bad_ x' }, { name: 'a' }, { name: 'a' }] },
  { tolerations: [{ key: 'a b', operator: 'Foo', effect: 'X' }] },
  { tolerations: [{ key: 'a', operator: 'Exists', value: 'x', tolerationSeconds: 1 }] },
  { tolerations: [{ operator: 'Equal', value: 'x' }] },
  { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: {} } } },
  {
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [
            {
              matchExpressions: [
                { key: 'a', operator: 'In' },
                { key: 'b', operator: 'Gt', values: ['x', 'y'] },
                { key: 'c', operator: 'Foo' },
                { key: 'a b', operator: 'Exists', values: ['x'] },
              ],
              matchFields: [{ key: 'foo', operator: 'In', values: ['x'] }],
            },
          ],
        },
        preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 0, preference: {} }],
      },
    },
  },
  { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{}] } } },
  {
    affinity: {
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          {
            weight: 101,
            podAffinityTerm: {
              topologyKey: '',
              labelSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] },
              namespaces: ['Bad_'],
            },
          },
        ],
      },
    },
  },
  { initContainers: [container()] },
  { initContainers: [container({ name: 'i', livenessProbe: { tcpSocket: { port: 1 } } })] },
  { initContainers: [container({ name: 'i', restartPolicy: 'Foo' })] },
  {
    initContainers: [
      container({ name: 'i', restartPolicy: 'Always', readinessProbe: { tcpSocket: { port: 1 } } }),
    ],
  },
  { ephemeralContainers: [{ name: 'e', image: 'i' }] },
  {
    securityContext: {
      sysctls: [
        { name: 'a b', value: 'x' },
        { name: 'kernel.shm_rmid_forced', value: '1' },
      ],
      fsGroup: -1,
      supplementalGroups: [-1],
      fsGroupChangePolicy: 'Foo',
      seccompProfile: {},
    },
  },
  { hostUsers: false, hostNetwork: true },
  { resources: { limits: { cpu: '1' }, requests: { cpu: '2' } } },
  { resources: { limits: { 'example.com/x': '1' } } },
  { hostnameOverride: 'Bad_' },
];

const updates: readonly object[] = [
  { containers: [container({ image: 'j' })] },
  { containers: [container({ image: '' })] },
  { nodeName: 'x' },
  { terminationGracePeriodSeconds: 5 },
  { activeDeadlineSeconds: 10 },
  { activeDeadlineSeconds: 20 },
  { tolerations: [] },
  { tolerations: [{ operator: 'Exists' }] },
  { serviceAccountName: 'x' },
  { containers: [container(), container({ name: 'd' })] },
  { schedulingGates: [{ name: 'a' }] },
  { restartPolicy: 'Never' },
  { nodeSelector: { a: 'b' } },
  { hostname: 'x' },
];

export const podCases: readonly Case[] = [
  judged(
    'pods',
    `${core}/pods`,
    specs.map((spec) => pod(spec)),
  ),
  changed('a pod that is changed', `${core}/pods`, pod({}), updates),
];
