/** What runs in the region before its line is cut. */

export const image = 'skerry.io/stand-in/busybox:1.35';

export const objects = `
apiVersion: v1
kind: ConfigMap
metadata: { name: settings }
data: { greeting: hello }
---
apiVersion: v1
kind: Secret
metadata: { name: password }
stringData: { word: open-sesame }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: reader }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: reader }
rules:
- { apiGroups: [''], resources: [configmaps], verbs: [get, list, watch, create] }
- { apiGroups: [''], resources: [pods, pods/exec], verbs: [get, create] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: reader }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader }
subjects: [{ kind: ServiceAccount, name: reader, namespace: default }]
---
${pod('full')}
---
${pod('goes')}
---
${pod('changes')}
---
${server('near', 'east-1')}
---
${server('far', 'east-2')}
---
apiVersion: v1
kind: Service
metadata: { name: both }
spec: { clusterIP: None, selector: { group: servers }, ports: [{ name: http, port: 8080 }] }
`;

/** A pod that serves its name, and a Service that leads to it. */
function server(name: string, machine: string): string {
  return `apiVersion: v1
kind: Pod
metadata: { name: ${name}, labels: { app: offline, group: servers, is: ${name} } }
spec:
  nodeName: ${machine}
  terminationGracePeriodSeconds: 1
  containers:
  - name: main
    image: ${image}
    command: [sh, -c, 'mkdir -p /tmp/www && echo ${name} > /tmp/www/index.html && exec httpd -f -p 8080 -h /tmp/www']
    readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 }
---
apiVersion: v1
kind: Service
metadata: { name: ${name} }
spec: { selector: { is: ${name} }, ports: [{ port: 80, targetPort: 8080 }] }
`;
}

export function pod(name: string): string {
  return `apiVersion: v1
kind: Pod
metadata: { name: ${name}, labels: { app: offline } }
spec:
  serviceAccountName: reader
  nodeSelector: { kubernetes.io/hostname: east-1 }
  terminationGracePeriodSeconds: 1
  containers:
  - name: main
    image: ${image}
    command: [sh, -c, ': this is ${name}; trap "exit 0" TERM; while true; do sleep 1000 & wait; done']
    env: [{ name: GREETING, valueFrom: { configMapKeyRef: { name: settings, key: greeting } } }]
    readinessProbe: { exec: { command: ['true'] }, periodSeconds: 1 }
    volumeMounts:
    - { name: settings, mountPath: /settings }
    - { name: password, mountPath: /password }
  volumes:
  - { name: settings, configMap: { name: settings } }
  - { name: password, secret: { secretName: password } }
`;
}
