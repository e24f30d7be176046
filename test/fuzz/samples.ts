/** One object of each kind that the server takes as it is, so that mutations of it get past the first check. */
export const samples: Readonly<Record<string, Readonly<Record<string, unknown>>>> = sampleTable();

type Fields = Record<string, unknown>;

function sampleTable(): Record<string, Fields> {
  const labels = { app: 'x' };
  const selector = { matchLabels: labels };
  const pod = {
    containers: [
      {
        name: 'c',
        image: 'busybox',
        command: ['sleep', '1'],
        env: [{ name: 'A', value: 'b' }],
        ports: [{ name: 'http', containerPort: 80 }],
        resources: { requests: { cpu: '100m', memory: '1Gi' }, limits: { cpu: '1' } },
        volumeMounts: [{ name: 'v', mountPath: '/v' }],
        livenessProbe: { httpGet: { path: '/', port: 'http' }, periodSeconds: 5 },
      },
    ],
    volumes: [{ name: 'v', emptyDir: { sizeLimit: '1Mi' } }],
    tolerations: [{ key: 'k', operator: 'Exists', effect: 'NoSchedule' }],
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: 'k', operator: 'In', values: ['v'] }] }],
        },
      },
    },
    topologySpreadConstraints: [
      { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: selector },
    ],
  };
  const template = { metadata: { labels }, spec: pod };
  const job = { template: { metadata: { labels }, spec: { ...pod, restartPolicy: 'Never' } } };
  const hook = {
    name: 'h.example.com',
    clientConfig: { url: 'https://example.com/x' },
    rules: [
      { operations: ['CREATE'], apiGroups: ['example.com'], apiVersions: ['v1'], resources: ['things'] },
    ],
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
  };
  const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
  return {
    ConfigMap: { data: { a: 'b' }, binaryData: { c: 'AA==' } },
    Secret: { data: { a: 'AA==' }, stringData: { b: 'c' }, type: 'Opaque' },
    Namespace: {},
    ServiceAccount: { secrets: [{ name: 'x' }], imagePullSecrets: [{ name: 'y' }] },
    Pod: { spec: pod },
    PodTemplate: { template },
    ReplicationController: { spec: { replicas: 1, selector: labels, template } },
    Service: { spec: { selector: labels, ports: [{ name: 'http', port: 80, targetPort: 'http' }] } },
    Endpoints: { subsets: [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 80 }] }] },
    Event: {
      involvedObject: { kind: 'Pod', name: 'x', namespace: 'fuzz' },
      reason: 'R',
      message: 'm',
      type: 'Normal',
    },
    LimitRange: { spec: { limits: [{ type: 'PersistentVolumeClaim', max: { storage: '900Gi' } }] } },
    ResourceQuota: { spec: { hard: { 'count/nothing.example.com': '5' } } },
    PersistentVolume: {
      spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/x' } },
    },
    PersistentVolumeClaim: { spec: claim },
    Node: { spec: { taints: [{ key: 'a', value: 'b', effect: 'NoSchedule' }], podCIDR: '10.9.0.0/24' } },
    Deployment: { spec: { replicas: 1, selector, template } },
    ReplicaSet: { spec: { replicas: 1, selector, template } },
    DaemonSet: { spec: { selector, template } },
    StatefulSet: {
      spec: {
        serviceName: 's',
        selector,
        template,
        volumeClaimTemplates: [{ metadata: { name: 'd' }, spec: claim }],
      },
    },
    ControllerRevision: { revision: 1, data: { spec: { a: 1 } } },
    Job: { spec: job },
    CronJob: { spec: { schedule: '*/5 * * * *', jobTemplate: { spec: job } } },
    HorizontalPodAutoscaler: {
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' },
        maxReplicas: 3,
        metrics: [
          {
            type: 'Resource',
            resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
          },
        ],
      },
    },
    PodDisruptionBudget: { spec: { minAvailable: '50%', selector } },
    Ingress: {
      spec: {
        rules: [
          {
            host: 'a.example.com',
            http: {
              paths: [
                { path: '/', pathType: 'Prefix', backend: { service: { name: 's', port: { number: 80 } } } },
              ],
            },
          },
        ],
      },
    },
    IngressClass: { spec: { controller: 'example.com/c' } },
    NetworkPolicy: {
      spec: {
        podSelector: selector,
        ingress: [
          { from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }], ports: [{ port: 80 }] },
        ],
        policyTypes: ['Ingress'],
      },
    },
    EndpointSlice: {
      addressType: 'IPv4',
      endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready: true } }],
      ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
    },
    Lease: {
      spec: { holderIdentity: 'x', leaseDurationSeconds: 15, renewTime: '2026-01-02T03:04:05.000000Z' },
    },
    Role: { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] },
    ClusterRole: { rules: [{ nonResourceURLs: ['/x'], verbs: ['get'] }] },
    RoleBinding: {
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' },
      subjects: [{ kind: 'User', name: 'u', apiGroup: 'rbac.authorization.k8s.io' }],
    },
    ClusterRoleBinding: {
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'r' },
      subjects: [{ kind: 'ServiceAccount', name: 'u', namespace: 'fuzz' }],
    },
    PriorityClass: { value: 7 },
    RuntimeClass: { handler: 'runc' },
    StorageClass: { provisioner: 'example.com/p', parameters: { a: 'b' } },
    CSIDriver: { spec: { attachRequired: false } },
    CSINode: { spec: { drivers: [{ name: 'd.example.com', nodeID: 'n' }] } },
    VolumeAttachment: {
      spec: { attacher: 'a.example.com', nodeName: 'n', source: { persistentVolumeName: 'p' } },
    },
    ValidatingWebhookConfiguration: { webhooks: [hook] },
    MutatingWebhookConfiguration: { webhooks: [hook] },
    FlowSchema: {
      spec: {
        priorityLevelConfiguration: { name: 'p' },
        matchingPrecedence: 100,
        rules: [
          {
            subjects: [{ kind: 'User', user: { name: 'u' } }],
            nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/x'] }],
          },
        ],
      },
    },
    PriorityLevelConfiguration: {
      spec: {
        type: 'Limited',
        limited: { nominalConcurrencyShares: 1, limitResponse: { type: 'Reject' } },
      },
    },
  };
}
