/**
 * A chart with what charts are made of: a Deployment, a Service, settings, a kind of its own with one object, hooks that are settings
 * and Jobs, tests.
 */
export const chart: Readonly<Record<string, string>> = {
  'shop/Chart.yaml': 'apiVersion: v2\nname: shop\nversion: 0.1.0\nappVersion: "1"\n',
  'shop/values.yaml': 'replicas: 1\ncolor: red\nexitCodes: {}\n',
  'shop/crds/orders.yaml': `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: orders.shop.example.org}
spec:
  group: shop.example.org
  scope: Namespaced
  names: {plural: orders, singular: order, kind: Order}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
`,
  'shop/templates/web.yaml': `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{name: web, image: "registry.example/web:1", env: [{name: COLOR, value: {{ .Values.color }}}]}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 80}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {color: {{ .Values.color }}}
---
apiVersion: shop.example.org/v1
kind: Order
metadata: {name: first}
spec: {color: {{ .Values.color }}}
`,
  'shop/templates/hook.yaml': `apiVersion: v1
kind: ConfigMap
metadata:
  name: before
  annotations: {helm.sh/hook: "pre-install,pre-upgrade", helm.sh/hook-delete-policy: before-hook-creation}
data: {revision: "{{ .Release.Revision }}"}
`,
  'shop/templates/jobs.yaml': `{{- range list "migrate" "warm-up" }}
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ . }}
  annotations:
    helm.sh/hook: {{ eq . "migrate" | ternary "pre-install,pre-upgrade" "post-install,post-upgrade" }}
    helm.sh/hook-delete-policy: {{ eq . "migrate" | ternary "before-hook-creation" "before-hook-creation,hook-succeeded" }}
spec:
  backoffLimit: 0
  template:
    metadata:
      annotations:
        skerry.io/simulated-run-seconds: "0.2"
        skerry.io/simulated-exit-code: {{ get $.Values.exitCodes . | default 0 | quote }}
    spec:
      restartPolicy: Never
      initContainers: [{name: prepare, image: "registry.example/shop:1"}]
      containers: [{name: job, image: "registry.example/shop:1"}]
---
{{- end }}
`,
  'shop/templates/tests/reachable.yaml': `apiVersion: v1
kind: Pod
metadata:
  name: reachable
  annotations:
    helm.sh/hook: test
    helm.sh/hook-delete-policy: before-hook-creation
    skerry.io/simulated-run-seconds: "0.2"
    skerry.io/simulated-exit-code: {{ .Values.exitCodes.reachable | default 0 | quote }}
spec:
  restartPolicy: Never
  containers: [{name: test, image: "registry.example/shop:1"}]
`,
};
