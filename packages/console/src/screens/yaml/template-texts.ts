const labelled = (name: string): string => `  name: ${name}
  labels:
    app: ${name}`;

const selected = (name: string): string => `  selector:
    matchLabels:
      app: ${name}`;

const pod = (name: string, container: string, more = ''): string => `  template:
    metadata:
      labels:
        app: ${name}
    spec:${more}
      containers:
        - name: main
${container}`;

const nginx = `          image: nginx:1.27
          ports:
            - containerPort: 80
          resources:
            requests:
              cpu: 50m
              memory: 64Mi
            limits:
              memory: 128Mi
`;
const agent = `          image: busybox:1.36
          command: [sh, -c, 'while true; do date; sleep 60; done']
          resources:
            requests:
              cpu: 10m
              memory: 16Mi
            limits:
              memory: 32Mi
`;
const gpu = (command: string): string => `          image: tensorflow/tensorflow:2.17.0-gpu
          command: [python, -c, "${command}"]
          resources:
            limits:
              nvidia.com/gpu: '1'
`;

export const templateTexts = {
  deployment: `apiVersion: apps/v1
kind: Deployment
metadata:
${labelled('web')}
spec:
  replicas: 2
${selected('web')}
${pod('web', nginx)}`,
  'deployment-service': `apiVersion: v1
kind: Service
metadata:
${labelled('web')}
spec:
  selector:
    app: web
  ports:
    - name: http
      port: 80
      targetPort: 80
---
apiVersion: apps/v1
kind: Deployment
metadata:
${labelled('web')}
spec:
  replicas: 2
${selected('web')}
${pod('web', nginx)}`,
  statefulset: `apiVersion: v1
kind: Service
metadata:
${labelled('store')}
spec:
  clusterIP: None
  selector:
    app: store
  ports:
    - name: http
      port: 80
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
${labelled('store')}
spec:
  serviceName: store
  replicas: 1
${selected('store')}
${pod(
  'store',
  `${nginx}          volumeMounts:
            - name: data
              mountPath: /data
`,
)}  volumeClaimTemplates:
    - metadata:
        name: data
      spec:
        accessModes: [ReadWriteOnce]
        resources:
          requests:
            storage: 1Gi
`,
  daemonset: `# One pod on every machine of every region.
apiVersion: apps/v1
kind: DaemonSet
metadata:
${labelled('agent')}
spec:
${selected('agent')}
  updateStrategy:
    type: RollingUpdate
    rollingUpdate:
      maxUnavailable: 10%
${pod('agent', agent)}`,
  job: `apiVersion: batch/v1
kind: Job
metadata:
${labelled('once')}
spec:
  completions: 1
  backoffLimit: 3
  ttlSecondsAfterFinished: 86400
  template:
    metadata:
      labels:
        app: once
    spec:
      restartPolicy: Never
      containers:
        - name: main
          image: busybox:1.36
          command: [sh, -c, 'date; echo done']
`,
  cronjob: `apiVersion: batch/v1
kind: CronJob
metadata:
${labelled('nightly')}
spec:
  schedule: '30 2 * * *'
  timeZone: Etc/UTC
  concurrencyPolicy: Forbid
  jobTemplate:
    spec:
      backoffLimit: 3
      template:
        metadata:
          labels:
            app: nightly
        spec:
          restartPolicy: OnFailure
          containers:
            - name: main
              image: busybox:1.36
              command: [sh, -c, 'date; echo done']
`,
  'daemonset-pool': `# One pod on every machine of the named pools, also on those that join later.
apiVersion: apps/v1
kind: DaemonSet
metadata:
${labelled('regional-agent')}
spec:
${selected('regional-agent')}
  updateStrategy:
    type: RollingUpdate
    rollingUpdate:
      maxUnavailable: 1
${pod(
  'regional-agent',
  agent,
  `
      affinity:
        nodeAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
            nodeSelectorTerms:
              - matchExpressions:
                  - key: apps.openyurt.io/nodepool
                    operator: In
                    values: [beijing, shanghai]`,
)}`,
  'daemonset-ota': `# Machines that are cut off are passed over, and brought up to date when they are back.
apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: edge-agent
  labels:
    app: edge-agent
  annotations:
    apps.openyurt.io/update-strategy: AdvancedRollingUpdate
    apps.openyurt.io/max-unavailable: 30%
spec:
${selected('edge-agent')}
  updateStrategy:
    type: OnDelete
${pod('edge-agent', agent)}`,
  'kruise-daemonset': `# Needs the component OpenKruise. A new image is put into the running pods, without making them anew.
apiVersion: apps.kruise.io/v1alpha1
kind: DaemonSet
metadata:
${labelled('kruise-agent')}
spec:
${selected('kruise-agent')}
  updateStrategy:
    type: RollingUpdate
    rollingUpdate:
      rollingUpdateType: InPlaceIfPossible
      maxUnavailable: 1
      partition: 0
${pod('kruise-agent', agent)}`,
  'kruise-broadcastjob': `# Needs the component OpenKruise. Runs once on every machine of every region at the same time.
apiVersion: apps.kruise.io/v1alpha1
kind: BroadcastJob
metadata:
${labelled('dial-test')}
spec:
  parallelism: 100%
  completionPolicy:
    type: Always
    ttlSecondsAfterFinished: 86400
  template:
    metadata:
      labels:
        app: dial-test
    spec:
      restartPolicy: Never
      containers:
        - name: main
          image: busybox:1.36
          command: [sh, -c, 'wget -T 5 -q -O /dev/null http://example.com && echo reached']
`,
  nodepool: `# The machines of one region. They join it by its join script.
apiVersion: apps.openyurt.io/v1beta2
kind: NodePool
metadata:
  name: osaka
spec:
  type: Edge
  labels:
    topology.kubernetes.io/region: osaka
`,
  'gpu-deployment': `# Waits until a machine with a free GPU is there, in whichever region it joins.
apiVersion: apps/v1
kind: Deployment
metadata:
${labelled('inference')}
spec:
  replicas: 1
${selected('inference')}
${pod('inference', gpu('import time; time.sleep(1e6)'))}`,
  'gpu-job': `apiVersion: batch/v1
kind: Job
metadata:
${labelled('training')}
spec:
  backoffLimit: 1
  template:
    metadata:
      labels:
        app: training
    spec:
      restartPolicy: Never
      containers:
        - name: main
${gpu("import tensorflow as tf; print(tf.config.list_physical_devices('GPU'))")}`,
  'service-topology': `# Traffic stays in the pool that it comes from.
apiVersion: v1
kind: Service
metadata:
  name: web
  labels:
    app: web
  annotations:
    openyurt.io/topologyKeys: openyurt.io/nodepool
spec:
  selector:
    app: web
  ports:
    - name: http
      port: 80
      targetPort: 80
`,
  ingress: `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
spec:
  rules:
    - host: web.example.com
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service:
                name: web
                port:
                  number: 80
`,
  networkpolicy: `# Pods named "web" are reached by pods of their own namespace alone.
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web
spec:
  podSelector:
    matchLabels:
      app: web
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector: {}
`,
  configmap: `apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
data:
  LOG_LEVEL: info
  settings.ini: |
    [main]
    region = auto
`,
  secret: `apiVersion: v1
kind: Secret
metadata:
  name: credentials
type: Opaque
stringData:
  user: change-me
  password: change-me
`,
  pvc: `apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: data
spec:
  accessModes: [ReadWriteOnce]
  resources:
    requests:
      storage: 5Gi
`,
  quota: `apiVersion: v1
kind: ResourceQuota
metadata:
  name: quota
spec:
  hard:
    requests.cpu: '8'
    requests.memory: 16Gi
    requests.nvidia.com/gpu: '2'
    pods: '100'
---
apiVersion: v1
kind: LimitRange
metadata:
  name: defaults
spec:
  limits:
    - type: Container
      defaultRequest:
        cpu: 50m
        memory: 64Mi
      default:
        memory: 256Mi
`,
  role: `apiVersion: v1
kind: ServiceAccount
metadata:
  name: reader
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: reader
rules:
  - apiGroups: ['']
    resources: [pods, pods/log, services, configmaps]
    verbs: [get, list, watch]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: reader
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: reader
subjects:
  - kind: ServiceAccount
    name: reader
    namespace: default
`,
} as const;
