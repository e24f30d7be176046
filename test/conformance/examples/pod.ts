import { containers, type Example } from './example.ts';

const probe = {
  httpGet: { path: '/healthz', port: 'http', httpHeaders: [{ name: 'X-Probe', value: '1' }] },
  initialDelaySeconds: 3,
  periodSeconds: 7,
};

/** A pod spec with something in nearly every field. */
export const fullPodSpec = {
  initContainers: [
    { name: 'init', image: 'registry.example/init', command: ['sh', '-c', 'true'] },
    { name: 'sidecar', image: 'registry.example/sidecar:2', restartPolicy: 'Always' },
  ],
  containers: [
    {
      name: 'main',
      image: 'registry.example/app@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef',
      command: ['/bin/app'],
      args: ['--port=$(PORT)'],
      workingDir: '/work',
      ports: [
        { name: 'http', containerPort: 8080 },
        { name: 'dns', containerPort: 53, protocol: 'UDP' },
      ],
      env: [
        { name: 'PORT', value: '8080' },
        { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
        { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
        { name: 'CONF', valueFrom: { configMapKeyRef: { name: 'conf', key: 'a', optional: true } } },
        { name: 'KEY', valueFrom: { secretKeyRef: { name: 'secret', key: 'k' } } },
      ],
      envFrom: [{ prefix: 'P_', configMapRef: { name: 'conf' } }, { secretRef: { name: 'secret' } }],
      resources: { limits: { cpu: '1', memory: '1024Mi' }, requests: { cpu: '0.25', memory: '0.5Gi' } },
      livenessProbe: probe,
      readinessProbe: { tcpSocket: { port: 8080 } },
      startupProbe: { exec: { command: ['true'] }, failureThreshold: 30 },
      lifecycle: { preStop: { exec: { command: ['sleep', '1'] } }, postStart: { httpGet: { port: 80 } } },
      volumeMounts: [
        { name: 'data', mountPath: '/data', subPath: 'x' },
        { name: 'conf', mountPath: '/conf', readOnly: true },
      ],
      securityContext: {
        runAsUser: 1000,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] },
        seccompProfile: { type: 'RuntimeDefault' },
      },
      terminationMessagePolicy: 'FallbackToLogsOnError',
      stdin: true,
      tty: true,
    },
    { name: 'second', image: 'registry.example/other', imagePullPolicy: 'Never' },
  ],
  volumes: [
    { name: 'data', emptyDir: { medium: 'Memory', sizeLimit: '64Mi' } },
    { name: 'conf', configMap: { name: 'conf', items: [{ key: 'a', path: 'a.txt' }] } },
    { name: 'secret', secret: { secretName: 'secret' } },
    { name: 'host', hostPath: { path: '/var/log' } },
    { name: 'claim', persistentVolumeClaim: { claimName: 'claim' } },
    {
      name: 'down',
      downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] },
    },
    {
      name: 'all',
      projected: {
        sources: [
          { serviceAccountToken: { path: 'token', audience: 'a' } },
          { configMap: { name: 'conf' } },
          { downwardAPI: { items: [{ path: 'ns', fieldRef: { fieldPath: 'metadata.namespace' } }] } },
        ],
      },
    },
    { name: 'nothing' },
    {
      name: 'fast',
      ephemeral: {
        volumeClaimTemplate: {
          spec: {
            accessModes: ['ReadWriteOnce'],
            resources: { requests: { storage: '1Gi' } },
          },
        },
      },
    },
    { name: 'nfs', nfs: { server: 'nfs.example', path: '/' } },
    { name: 'csi', csi: { driver: 'csi.example' } },
    { name: 'iscsi', iscsi: { targetPortal: '10.0.0.1', iqn: 'iqn.2001-04.com.example:a', lun: 1 } },
  ],
  restartPolicy: 'Always',
  terminationGracePeriodSeconds: 5,
  activeDeadlineSeconds: 600,
  nodeSelector: { disk: 'ssd' },
  automountServiceAccountToken: false,
  hostAliases: [{ ip: '10.1.2.3', hostnames: ['a.example'] }],
  hostname: 'h',
  subdomain: 'sub',
  dnsConfig: { nameservers: ['10.0.0.10'], options: [{ name: 'ndots', value: '2' }] },
  securityContext: {
    fsGroup: 2000,
    runAsNonRoot: true,
    sysctls: [{ name: 'kernel.shm_rmid_forced', value: '0' }],
  },
  imagePullSecrets: [{ name: 'pull' }],
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['a', 'b'] }] }],
      },
      preferredDuringSchedulingIgnoredDuringExecution: [
        { weight: 5, preference: { matchExpressions: [{ key: 'gpu', operator: 'Exists' }] } },
      ],
    },
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        {
          weight: 10,
          podAffinityTerm: {
            topologyKey: 'kubernetes.io/hostname',
            labelSelector: { matchLabels: { app: 'a' } },
          },
        },
      ],
    },
  },
  tolerations: [{ key: 'k', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 30 }],
  topologySpreadConstraints: [
    {
      maxSkew: 1,
      topologyKey: 'zone',
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: { matchLabels: { app: 'a' } },
    },
  ],
  readinessGates: [{ conditionType: 'example.com/ready' }],
  shareProcessNamespace: true,
};

export const podExamples: readonly Example[] = [
  {
    apiVersion: 'v1',
    kind: 'Pod',
    resource: 'pods',
    minimal: { spec: { containers } },
    full: { spec: fullPodSpec },
    change: { spec: { activeDeadlineSeconds: 60 } },
    status: {
      phase: 'Running',
      podIP: '10.244.0.7',
      podIPs: [{ ip: '10.244.0.7' }],
      hostIP: '192.0.2.7',
      hostIPs: [{ ip: '192.0.2.7' }],
      startTime: '2020-01-01T00:00:00Z',
      conditions: [
        { type: 'Ready', status: 'True', lastProbeTime: null, lastTransitionTime: '2020-01-01T00:00:00Z' },
      ],
      containerStatuses: [
        {
          name: 'main',
          ready: true,
          restartCount: 2,
          image: 'registry.example/app:1',
          imageID: 'sha256:1',
          started: true,
          state: { running: { startedAt: '2020-01-01T00:00:00Z' } },
          lastState: { terminated: { exitCode: 1, reason: 'Error', finishedAt: '2019-12-31T23:59:59Z' } },
        },
      ],
    },
  },
];
