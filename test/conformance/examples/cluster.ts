import type { Example } from './example.ts';

/** PEM in base64: a PKCS#10 request for the common name `conformance`. */
const certificateRequest =
  'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIUU1IZ0NBUUF3RmpFVU1CSUdBMVVFQXd3TFkyOXVabTl5YldGdVkyVXdXVEFUQmdjcWhrak9QUUlCQmdncQpoa2pPUFFNQkJ3TkNBQVE0OUlraXR3N2h4UmZOT1prMWxYa3Zlck5MdW03YTQxQmpra1cwU281TnNKdWdrMTVPCktHM2hzNlVhcHVvcGFOY01pWG1QSER0VXp3RjBFWXh2Vktpem9BQXdDZ1lJS29aSXpqMEVBd0lEU0FBd1JRSWgKQU9OMFB6VUlZVFFyZmVBbzllSlB1cGRTQ2VuZzIyeE1xdFNHTVVsaWZrREhBaUFtcHVGL1F2b1J3NTVkREx6MwpQV0ZiWkg0UUt6a3pVMzRoMmI2WFYvYmdPQT09Ci0tLS0tRU5EIENFUlRJRklDQVRFIFJFUVVFU1QtLS0tLQo=';

const rbac = 'rbac.authorization.k8s.io/v1';

export const clusterExamples: readonly Example[] = [
  {
    apiVersion: rbac,
    kind: 'Role',
    resource: 'roles',
    minimal: { rules: [] },
    full: {
      rules: [
        { apiGroups: [''], resources: ['pods', 'pods/log'], verbs: ['get', 'list'] },
        { apiGroups: ['apps'], resources: ['deployments'], resourceNames: ['d'], verbs: ['*'] },
      ],
    },
    change: { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] },
  },
  {
    apiVersion: rbac,
    kind: 'ClusterRole',
    resource: 'clusterroles',
    clusterScoped: true,
    minimal: { rules: null },
    // One that gathers others' rules gets them in the background: it is asked about elsewhere.
    full: {
      rules: [
        { nonResourceURLs: ['/metrics'], verbs: ['get'] },
        { apiGroups: ['apps'], resources: ['deployments'], resourceNames: ['a'], verbs: ['get', 'list'] },
      ],
    },
    change: { rules: [{ nonResourceURLs: ['/healthz'], verbs: ['get'] }] },
  },
  {
    apiVersion: rbac,
    kind: 'RoleBinding',
    resource: 'rolebindings',
    minimal: { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' } },
    full: {
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' },
      subjects: [
        { kind: 'User', name: 'u', apiGroup: 'rbac.authorization.k8s.io' },
        { kind: 'Group', name: 'g' },
        { kind: 'ServiceAccount', name: 's', namespace: 'default' },
      ],
    },
    change: { subjects: [{ kind: 'Group', name: 'g2', apiGroup: 'rbac.authorization.k8s.io' }] },
  },
  {
    apiVersion: rbac,
    kind: 'ClusterRoleBinding',
    resource: 'clusterrolebindings',
    clusterScoped: true,
    minimal: { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' } },
    full: {
      roleRef: { kind: 'ClusterRole', name: 'view', apiGroup: 'rbac.authorization.k8s.io' },
      subjects: [
        { kind: 'User', name: 'u' },
        { kind: 'ServiceAccount', name: 's', namespace: 'default' },
      ],
    },
    change: { subjects: [{ kind: 'Group', name: 'g2', apiGroup: 'rbac.authorization.k8s.io' }] },
  },
  {
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    resource: 'priorityclasses',
    clusterScoped: true,
    minimal: { value: 100 },
    full: { value: 5, description: 'words', preemptionPolicy: 'Never', globalDefault: false },
    change: { description: 'more words' },
  },
  {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    resource: 'leases',
    minimal: {},
    full: {
      spec: {
        holderIdentity: 'me',
        leaseDurationSeconds: 30,
        acquireTime: '2020-01-01T00:00:00.000000Z',
        renewTime: '2020-01-01T00:00:05.123456Z',
        leaseTransitions: 3,
      },
    },
    change: { spec: { holderIdentity: 'you' } },
  },
  {
    apiVersion: 'node.k8s.io/v1',
    kind: 'RuntimeClass',
    resource: 'runtimeclasses',
    clusterScoped: true,
    minimal: { handler: 'runc' },
    full: {
      handler: 'kata',
      overhead: { podFixed: { cpu: '250m', memory: '120Mi' } },
      scheduling: { nodeSelector: { a: 'b' }, tolerations: [{ key: 'k', operator: 'Exists' }] },
    },
    change: { overhead: { podFixed: { cpu: '1' } } },
  },
  {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    resource: 'events',
    minimal: {
      eventTime: '2020-01-01T00:00:00.000000Z',
      reportingController: 'example.com/c',
      reportingInstance: 'c-1',
      action: 'Do',
      reason: 'Done',
      type: 'Normal',
      regarding: { kind: 'Pod', name: 'p', namespace: '{{ns}}' },
    },
    full: {
      eventTime: '2020-01-01T00:00:00.123456Z',
      reportingController: 'example.com/c',
      reportingInstance: 'c-1',
      action: 'Do',
      reason: 'Done',
      note: 'it is done',
      type: 'Warning',
      regarding: { apiVersion: 'v1', kind: 'Pod', name: 'p', namespace: '{{ns}}' },
      related: { apiVersion: 'v1', kind: 'Node', name: 'n' },
      series: { count: 3, lastObservedTime: '2020-01-01T00:00:09.000000Z' },
    },
    change: { series: { count: 2, lastObservedTime: '2020-01-01T00:00:09.000000Z' } },
  },
  {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    resource: 'certificatesigningrequests',
    clusterScoped: true,
    minimal: {
      spec: { request: certificateRequest, signerName: 'example.com/signer', usages: ['client auth'] },
    },
    full: {
      spec: {
        request: certificateRequest,
        signerName: 'example.com/signer',
        usages: ['digital signature', 'client auth'],
        expirationSeconds: 3600,
      },
    },
    change: { metadata: { annotations: { a: 'b' } } },
    status: {},
  },
  {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    resource: 'apiservices',
    clusterScoped: true,
    names: ['v1.{{ns}}.example.com', 'v2.{{ns}}.example.com'],
    minimal: {
      spec: { group: '{{ns}}.example.com', version: 'v1', groupPriorityMinimum: 100, versionPriority: 10 },
    },
    full: {
      spec: {
        group: '{{ns}}.example.com',
        version: 'v2',
        groupPriorityMinimum: 100,
        versionPriority: 10,
        insecureSkipTLSVerify: true,
        service: { namespace: 'default', name: 's' },
      },
    },
    change: { spec: { versionPriority: 20 } },
  },
  {
    apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
    kind: 'FlowSchema',
    resource: 'flowschemas',
    clusterScoped: true,
    minimal: { spec: { priorityLevelConfiguration: { name: 'workload-low' } } },
    full: {
      spec: {
        priorityLevelConfiguration: { name: 'workload-low' },
        matchingPrecedence: 500,
        distinguisherMethod: { type: 'ByUser' },
        rules: [
          {
            subjects: [
              { kind: 'User', user: { name: 'u' } },
              { kind: 'ServiceAccount', serviceAccount: { name: 's', namespace: 'default' } },
            ],
            resourceRules: [{ verbs: ['*'], apiGroups: [''], resources: ['pods'], namespaces: ['*'] }],
            nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz'] }],
          },
        ],
      },
    },
    change: { spec: { matchingPrecedence: 700 } },
  },
  {
    apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
    kind: 'PriorityLevelConfiguration',
    resource: 'prioritylevelconfigurations',
    clusterScoped: true,
    minimal: { spec: { type: 'Limited', limited: { limitResponse: { type: 'Reject' } } } },
    full: {
      spec: {
        type: 'Limited',
        limited: {
          nominalConcurrencyShares: 5,
          lendablePercent: 10,
          borrowingLimitPercent: 20,
          limitResponse: { type: 'Queue', queuing: { queues: 8, handSize: 2, queueLengthLimit: 10 } },
        },
      },
    },
    change: { spec: { limited: { nominalConcurrencyShares: 7 } } },
  },
];
