/**
 * A bit more than a hundred commands that people type all day, with the exit codes and the words that a cluster answers with.
 * `{id}` is unique to a session, so that sessions of several kubectls don't meet in what has no namespace.
 */
import type { Chapter } from './kubectl-session.ts';

const web = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: web
        image: registry.example/web:1
        ports: [{containerPort: 80}]
        resources: {requests: {cpu: 10m, memory: 16Mi}}
---
apiVersion: v1
kind: Service
metadata: {name: web, labels: {app: web}}
spec:
  selector: {app: web}
  ports: [{port: 80}]
`;

const settings = `apiVersion: v1
kind: ConfigMap
metadata: {name: settings, labels: {app: web}}
data: {color: red, size: "10"}
`;

const memberOfSet = (name: string) =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, labels: {set: p}}\n`;

const gadgets = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gadgets.{id}.example.org}
spec:
  group: {id}.example.org
  scope: Namespaced
  names: {plural: gadgets, singular: gadget, kind: Gadget, shortNames: [gg], categories: [all]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}, scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas}}
    additionalPrinterColumns: [{name: Color, type: string, jsonPath: .spec.color}]
    schema:
      openAPIV3Schema:
        type: object
        description: A gadget.
        properties:
          spec:
            type: object
            description: What it should be.
            required: [color]
            properties:
              color: {type: string, enum: [red, blue], description: Its colour.}
              replicas: {type: integer, minimum: 0, default: 1}
          status: {type: object, properties: {replicas: {type: integer}}}
`;

const gadget = (name: string, spec: string) =>
  `{"apiVersion":"{id}.example.org/v1","kind":"Gadget","metadata":{"name":"${name}"},"spec":${spec}}`;

/** For `CN=jane`, of a key that nobody has. */
const janesRequest = [
  'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlISk1IRUNBUUF3RHpFTk1Bc0dBMVVFQXd3RWFtRnVaVEJa',
  'TUJNR0J5cUdTTTQ5QWdFR0NDcUdTTTQ5QXdFSApBMElBQkJ0MHJ2THZKcFg4VEUzT3NISGQ1RnJVWUtiWlZDb2prUzJleGJH',
  'ZlpLMlNBVlFib1R6bFdjeGZsVFVMClo5VDkxOUVxbHZkRk5MQ2xqNVR5NnVlYUk5K2dBREFLQmdncWhrak9QUVFEQWdOSUFE',
  'QkZBaUFES2tZNVVqbWMKbEo5SmNYMnFxR1krUTNOUFJYSFQvYlR6ZGZKaTFVVXhCUUloQUp5V2RQUTBlQ3RNeWY3OENMT2Ju',
  'L3Z1VnZXQQowaXdKTXR4T1E0YjlUY3MvCi0tLS0tRU5EIENFUlRJRklDQVRFIFJFUVVFU1QtLS0tLQo=',
].join('');

/** Of `kubernetes.io/kube-apiserver-client`, in JSON. */
export const certificateRequest = (name: string) =>
  `{"apiVersion":"certificates.k8s.io/v1","kind":"CertificateSigningRequest","metadata":{"name":"${name}"},
"spec":{"request":"${janesRequest}","signerName":"kubernetes.io/kube-apiserver-client","usages":["client auth"]}}`;

const workloads: Chapter = {
  everyMinor: true,
  name: 'makes a Deployment and changes it in every way',
  files: { 'web.yaml': web },
  steps: [
    {
      run: 'apply --dry-run=client -f web.yaml',
      output: 'deployment.apps/web created (dry run)\nservice/web created (dry run)',
    },
    {
      run: 'apply --dry-run=server -f web.yaml',
      output: 'deployment.apps/web created (server dry run)\nservice/web created (server dry run)',
    },
    { run: 'diff -f web.yaml', code: 1, output: /^\+ {4}app: web$/m },
    { run: 'apply -f web.yaml', output: 'deployment.apps/web created\nservice/web created' },
    { run: 'apply -f web.yaml', output: 'deployment.apps/web unchanged\nservice/web unchanged' },
    { run: 'diff -f web.yaml', output: '' },
    {
      run: 'rollout status deployment/web --timeout=30s',
      output: /deployment "web" successfully rolled out/,
    },
    { run: 'get deployment web', output: /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +2\/2 +2 +2 +\d/ },
    {
      run: 'get deploy,rs,po,svc -o wide',
      output:
        /deployment\.apps\/web .* registry\.example\/web:1 +app=web\n[^]*replicaset\.apps\/web-\w+ +2 +2 +2 [^]*pod\/web-\S+ +1\/1 +Running +0 .*sim-\d +<none> +<none>\n[^]*service\/web +ClusterIP +[\d.]+ +<none> +80\/TCP/,
    },
    {
      run: 'describe deployment web',
      output:
        /^Replicas: +2 desired \| 2 updated \| 2 total \| 2 available \| 0 unavailable$[^]*^NewReplicaSet: +web-\w+ \(2\/2 replicas created\)$[^]*ScalingReplicaSet/m,
    },
    { run: 'describe svc web', output: /^Endpoints: +[\d.]+:80,[\d.]+:80$/m, eventually: true },
    { run: 'scale deployment web --replicas=3', output: 'deployment.apps/web scaled' },
    {
      run: 'scale deployment web --current-replicas=9 --replicas=3',
      code: 1,
      errors: /Expected replicas to be 9, was 3/,
    },
    { run: `patch deployment web -p '{"spec":{"replicas":2}}'`, output: 'deployment.apps/web patched' },
    {
      run: `patch deployment web --type=merge -p '{"metadata":{"annotations":{"a":"b"}}}'`,
      output: 'deployment.apps/web patched',
    },
    {
      run: `patch deployment web --type=json -p '[{"op":"replace","path":"/spec/replicas","value":1}]'`,
      output: 'deployment.apps/web patched',
    },
    {
      run: `patch deployment web --type=json -p '[{"op":"test","path":"/spec/replicas","value":9}]'`,
      code: 1,
      errors: /The request is invalid/,
    },
    {
      run: `patch deployment web --subresource=scale --type=merge -p '{"spec":{"replicas":2}}'`,
      output: 'scale.autoscaling/web patched',
    },
    {
      run: 'get deployment web --subresource=scale',
      output: /^NAME +DESIRED +AVAILABLE +AGE\nweb +2 /,
    },
    {
      run: 'set image deployment/web web=registry.example/web:2',
      output: 'deployment.apps/web image updated',
    },
    { run: 'set env deployment/web COLOR=blue', output: 'deployment.apps/web env updated' },
    { run: 'set env deployment/web --list', output: /^COLOR=blue$/m },
    {
      run: 'set resources deployment/web --limits=cpu=100m,memory=64Mi',
      output: 'deployment.apps/web resource requirements updated',
    },
    { run: 'rollout status deployment/web --timeout=30s', output: /successfully rolled out/ },
    { run: 'rollout history deployment/web', output: /^REVISION +CHANGE-CAUSE\n1 +<none>\n2 +<none>\n/m },
    { run: 'rollout history deployment/web --revision=1', output: /Image:\tregistry\.example\/web:1/ },
    {
      run: 'rollout undo deployment/web --to-revision=1',
      output: 'deployment.apps/web rolled back',
    },
    {
      run: `get deployment web -o jsonpath='{.spec.template.spec.containers[0].image}'`,
      output: 'registry.example/web:1',
    },
    { run: 'rollout pause deployment/web', output: 'deployment.apps/web paused' },
    { run: 'rollout pause deployment/web', code: 1, errors: /is already paused/ },
    { run: 'rollout resume deployment/web', output: 'deployment.apps/web resumed' },
    { run: 'rollout restart deployment/web', output: 'deployment.apps/web restarted' },
    { run: 'rollout status deployment/web --timeout=30s', output: /successfully rolled out/ },
    {
      run: 'autoscale deployment web --min=1 --max=4 --cpu-percent=80',
      output: 'horizontalpodautoscaler.autoscaling/web autoscaled',
    },
    { run: 'get hpa', output: /^web +Deployment\/web +.*<unknown>\/80% +1 +4 /m },
    { run: 'expose deployment web --name=web2 --port=8080 --target-port=80', output: 'service/web2 exposed' },
    { run: 'delete deployment web --cascade=orphan', output: /^deployment\.apps "web" deleted/ },
    { run: 'get rs -l app=web -o name', output: /^replicaset\.apps\/web-/ },
    { run: 'delete rs -l app=web --cascade=foreground', output: /^replicaset\.apps "web-\w+" deleted/ },
    { run: 'delete -f web.yaml --ignore-not-found', output: /^service "web" deleted/ },
  ],
};

const reading: Chapter = {
  name: 'reads in every form',
  files: { 'settings.yaml': settings },
  steps: [
    { run: 'apply -f settings.yaml', output: 'configmap/settings created' },
    {
      run: 'run one --image=registry.example/one:1 --restart=Never --labels=app=one,tier=a --grace-period=1',
      output: 'pod/one created',
    },
    { run: 'wait --for=condition=Ready pod/one --timeout=30s', output: 'pod/one condition met' },
    {
      run: `wait --for=jsonpath='{.status.phase}'=Running pod/one --timeout=30s`,
      output: 'pod/one condition met',
    },
    { run: `get cm settings -o jsonpath='{.data.color}'`, output: 'red' },
    { run: 'get cm settings -o name', output: 'configmap/settings' },
    { run: 'get cm settings -o yaml', output: /^data:\n {2}color: red\n {2}size: "10"\nkind: ConfigMap$/m },
    { run: 'get cm settings -o json', output: /"color": "red"/ },
    {
      run: `get pods -o go-template='{{range .items}}{{.metadata.name}}={{.status.phase}}{{end}}'`,
      output: 'one=Running',
    },
    {
      run: 'get pods -o custom-columns=NAME:.metadata.name,PHASE:.status.phase',
      output: /^NAME +PHASE\none +Running$/m,
    },
    {
      run: 'get pods --sort-by=.metadata.name --show-labels',
      // Its node's region is among them.
      output: /^one .* app=one,tier=a,topology\.kubernetes\.io\/region=\w+$/m,
    },
    { run: 'get pods -l app=one -L tier', output: /^one .* a$/m },
    { run: `get pods -l 'app notin (one)'`, output: '', errors: /No resources found in \S+ namespace\./ },
    { run: 'get pods --field-selector=status.phase=Running -o name', output: 'pod/one' },
    {
      run: 'get pods --field-selector=spec.bogus=x',
      code: 1,
      errors: /field label not supported: spec\.bogus/,
    },
    {
      run: 'get cm -A --chunk-size=1',
      output: /^NAMESPACE +NAME +DATA +AGE\n[^]*^\{?c\d+-m\d+ +settings +2 /m,
    },
    { run: 'get pods --no-headers', output: /^one +1\/1 +Running +0 +\d/ },
    { run: 'get pod one --watch-only --request-timeout=1s', output: '' },
    {
      run: 'get pods -w --output-watch-events --request-timeout=1s',
      output: /^EVENT +NAME[^]*^ADDED +one /m,
    },
    { run: 'get all', output: /^pod\/one /m },
    { run: 'describe pod one', output: /^Status: +Running$[^]*^ {2}Normal +Scheduled +/m },
    { run: 'events --for pod/one', output: /^LAST SEEN[^]*Pod\/one +Successfully assigned/m },
    {
      run: 'get events --sort-by=.lastTimestamp --field-selector involvedObject.name=one',
      output: /Scheduled +pod\/one/,
    },
    { run: 'logs one --tail=1 --timestamps' },
    { run: 'top nodes', output: /^NAME +CPU\(cores\) +CPU.*\nsim-0 +\d+m +\d+% +\d+Mi/, eventually: true },
    { run: 'top pod one --containers', output: /^one +one +\d+m +\d+Mi/m, eventually: true },
    { run: 'exec one -- true', code: 1, errors: /can't run a command in a simulated container/ },
    { run: 'get pod nobody', code: 1, errors: /^Error from server \(NotFound\): pods "nobody" not found\n$/ },
    { run: 'get bogus', code: 1, errors: /the server doesn't have a resource type "bogus"/ },
    { run: 'delete pod one --wait=false', output: /^pod "one" deleted/ },
    { run: 'wait --for=delete pod/one --timeout=40s' },
  ],
};

const writing: Chapter = {
  name: 'creates, edits, replaces and deletes',
  files: {
    'settings.yaml': settings,
    'raw.json': '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"raw"},"data":{"x":"y"}}',
  },
  steps: [
    { run: 'create -f settings.yaml', output: 'configmap/settings created' },
    {
      run: 'create -f settings.yaml',
      code: 1,
      errors: /Error from server \(AlreadyExists\): .*configmaps "settings" already exists/,
    },
    { run: 'edit cm settings', editor: 'sed -i s/red/green/', output: 'configmap/settings edited' },
    { run: 'edit cm settings', editor: 'true', errors: /Edit cancelled, no changes made\./ },
    { run: `get cm settings -o jsonpath='{.data.color}'`, output: 'green' },
    { run: 'replace -f settings.yaml', output: 'configmap/settings replaced' },
    {
      run: 'replace -f -',
      input:
        '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"settings","resourceVersion":"1"},"data":{}}',
      code: 1,
      errors:
        /Error from server \(Conflict\): .*the object has been modified; please apply your changes to the latest version/,
    },
    {
      run: 'replace --force -f settings.yaml',
      output: /configmap "settings" deleted.*\nconfigmap\/settings replaced/,
    },
    { run: 'label cm settings tier=front', output: 'configmap/settings labeled' },
    {
      run: 'label cm settings tier=back',
      code: 1,
      errors: /already has a value \(front\), and --overwrite is false/,
    },
    { run: 'label cm settings tier=back --overwrite', output: 'configmap/settings labeled' },
    { run: 'label cm settings tier-', output: 'configmap/settings unlabeled' },
    { run: 'annotate cm settings note=hello', output: /^configmap\/settings annotated?$/m },
    {
      run: `patch cm settings --type=merge -p '{"data":{"color":"blue"}}'`,
      output: 'configmap/settings patched',
    },
    {
      run: `patch cm settings --type=merge -p '{"data":{"color":"blue"}}'`,
      output: 'configmap/settings patched (no change)',
    },
    { run: 'annotate cm --all note-', output: /^configmap\/settings annotated?$/m },
    { run: 'create --raw /api/v1/namespaces/{namespace}/configmaps -f raw.json', output: /"name":"raw"/ },
    {
      run: 'replace --raw /api/v1/namespaces/{namespace}/configmaps/raw -f raw.json',
      output: /"name":"raw"/,
    },
    { run: 'delete --raw /api/v1/namespaces/{namespace}/configmaps/raw', output: /"status":"Success"/ },
    { run: 'create secret generic pass --from-literal=a=b', output: 'secret/pass created' },
    { run: 'describe secret pass', output: /^Type: +Opaque$[^]*^a: +1 bytes$/m },
    {
      run: 'create secret docker-registry pull --docker-server=r --docker-username=u --docker-password=p',
      output: 'secret/pull created',
    },
    { run: 'create quota q --hard=pods=50', output: 'resourcequota/q created' },
    {
      run: 'create pdb guard --selector=app=web --min-available=1',
      output: 'poddisruptionbudget.policy/guard created',
    },
    { run: 'get pdb', output: /^guard +1 +N\/A +\d+ +/m },
    {
      run: 'create priorityclass high-{id} --value=1000',
      output: 'priorityclass.scheduling.k8s.io/high-{id} created',
    },
    {
      run: 'delete priorityclass high-{id}',
      output: /^priorityclass\.scheduling\.k8s\.io "high-\S+" deleted/,
    },
    {
      run: 'create ingress site --rule=example.org/=web:80',
      output: 'ingress.networking.k8s.io/site created',
    },
    { run: 'describe ingress site', output: /^ {2}example\.org +\n? +\/ +web:80/m },
    { run: 'create job once --image=registry.example/j:1', output: 'job.batch/once created' },
    {
      run: `create cronjob often --image=registry.example/j:1 --schedule='*/5 * * * *'`,
      output: 'cronjob.batch/often created',
    },
    { run: 'create job now --from=cronjob/often', output: 'job.batch/now created' },
    { run: 'get job,cronjob', output: /^job\.batch\/now [^]*^cronjob\.batch\/often +\*\/5 \* \* \* \* /m },
    {
      run: 'create configmap made --from-literal=a=b --dry-run=client -o yaml',
      output: /^data:\n {2}a: b\nkind: ConfigMap$/m,
    },
    {
      run: 'create deployment Bad_Name --image=x',
      code: 1,
      errors:
        /"Bad_Name" is invalid: metadata\.name: Invalid value: "Bad_Name": a lowercase RFC 1123 subdomain/,
    },
    { run: 'create namespace {namespace}', code: 1, errors: /namespaces "\S+" already exists/ },
    { run: 'delete cm settings --dry-run=server', output: /deleted.*\(server dry run\)$/m },
    { run: 'delete cm settings --now', output: /^configmap "settings" deleted/ },
    { run: 'delete cm settings', code: 1, errors: /configmaps "settings" not found/ },
    { run: 'delete cm settings --ignore-not-found', output: '' },
    { run: 'delete job,cronjob --all --force --grace-period=0', output: /^job\.batch "once" force deleted/m },
    { run: 'delete all --all' },
  ],
};

const applying: Chapter = {
  name: 'applies on the server, prunes and builds with kustomize',
  files: {
    'settings.yaml': settings,
    'pink.yaml': settings.replace('red', 'pink'),
    'set/a.yaml': memberOfSet('set-a'),
    'set/b.yaml': memberOfSet('set-b'),
    'build/kustomization.yaml':
      'namePrefix: built-\nresources: [cm.yaml]\nconfigMapGenerator: [{name: made, literals: [a=b]}]\n',
    'build/cm.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {x: "1"}\n',
  },
  steps: [
    { run: 'apply -f settings.yaml', output: 'configmap/settings created' },
    { run: 'apply view-last-applied cm settings', output: /^ {2}color: red$/m },
    { run: 'apply --server-side -f settings.yaml', output: 'configmap/settings serverside-applied' },
    {
      run: 'apply --server-side -f pink.yaml --field-manager=other',
      code: 1,
      errors: /Apply failed with 1 conflict: conflict with "kubectl": \.data\.color\n/,
    },
    {
      run: 'apply --server-side -f pink.yaml --field-manager=other --force-conflicts',
      output: 'configmap/settings serverside-applied',
    },
    { run: 'diff --server-side -f settings.yaml', code: 1, output: /^- {2}color: pink\n\+ {2}color: red$/m },
    {
      run: 'get cm settings -o yaml --show-managed-fields',
      output: /^ {4}manager: other\n {4}operation: Apply$/m,
    },
    {
      run: 'apply --server-side --validate=false -f -',
      input: '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"settings"},"dat":{}}',
      code: 1,
      errors:
        /^Error from server: failed to create typed patch object \(\S+; \/v1, Kind=ConfigMap\): \.dat: field not declared in schema\n$/,
    },
    {
      run: 'apply -f -',
      input: '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"settings"},"dat":{}}',
      code: 1,
      errors: /unknown field "dat"|strict decoding error: unknown field "dat"/,
    },
    { run: 'apply -f set -l set=p --prune', output: /^configmap\/set-a created\nconfigmap\/set-b created$/m },
    {
      run: 'apply -f set/a.yaml -l set=p --prune --prune-allowlist=core/v1/ConfigMap',
      output: /^configmap\/set-a unchanged\nconfigmap\/set-b pruned$/m,
    },
    { run: 'kustomize build', output: /^ {2}name: built-made-\w+$/m },
    { run: 'apply -k build', output: /^configmap\/built-c created\nconfigmap\/built-made-\w+ created$/m },
    { run: 'delete -k build', output: /^configmap "built-c" deleted/ },
  ],
};

const definitions: Chapter = {
  everyMinor: true,
  name: 'works with kinds of its own',
  files: { 'gadgets.yaml': gadgets, 'one.json': gadget('one', '{"color":"red"}') },
  steps: [
    {
      run: 'apply -f gadgets.yaml',
      output: /customresourcedefinition\.apiextensions\.k8s\.io\/gadgets\.\S+ created/,
    },
    {
      run: 'wait --for=condition=Established crd/gadgets.{id}.example.org --timeout=20s',
      output: /condition met/,
    },
    { run: 'apply -f one.json', output: 'gadget.{id}.example.org/one created', eventually: true },
    { run: 'get gadgets.{id}.example.org', output: /^NAME +COLOR\none +red$/m },
    { run: 'scale gadgets.{id}.example.org one --replicas=4', output: /one scaled/ },
    { run: `get gadgets.{id}.example.org one -o jsonpath='{.spec}'`, output: '{"color":"red","replicas":4}' },
    {
      run: `explain gadgets.spec --api-version={id}.example.org/v1`,
      output: /What it should be\.[^]*color\t<string> -required-|color\t<string>/,
    },
    {
      run: 'create -f -',
      input: gadget('two', '{"color":"green"}'),
      code: 1,
      errors: /spec\.color: Unsupported value: "green": supported values: "red", "blue"/,
    },
    {
      run: 'create -f -',
      input: gadget('two', '{"color":"red","bogus":1}'),
      code: 1,
      errors: /unknown field "(spec\.)?bogus"/,
    },
    {
      run: 'create --validate=ignore -f -',
      input: gadget('two', '{"color":"red","bogus":1}'),
      output: /two created/,
    },
    {
      run: `patch gadgets.{id}.example.org one -p '{"spec":{"color":"blue"}}'`,
      code: 1,
      errors:
        /strategic-merge-patch\+json is not supported|media type|strategic merge patch is not supported/,
    },
    {
      run: `patch gadgets.{id}.example.org one --type=merge -p '{"spec":{"color":"blue"}}'`,
      output: /one patched/,
    },
    {
      run: `patch gadgets.{id}.example.org one --subresource=status --type=merge -p '{"status":{"replicas":3}}'`,
      output: /one patched/,
    },
    { run: 'delete crd gadgets.{id}.example.org --timeout=30s', output: /"gadgets\.\S+" deleted/ },
  ],
};

const access: Chapter = {
  everyMinor: true,
  name: 'asks who may do what',
  files: {
    'role.yaml': `apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: '{namespace}'}
rules:
- {apiGroups: [""], resources: [pods, services], verbs: [get, list]}
`,
    'jane.json': certificateRequest('jane-{id}'),
    'joan.json': certificateRequest('joan-{id}'),
  },
  steps: [
    { run: `auth can-i '*' '*'`, output: 'yes' },
    { run: 'auth can-i --list', output: /^\*\.\* +\[\] +\[\] +\[\*\]$/m },
    { run: 'auth can-i list secrets --as=jane', code: 1, output: 'no' },
    { run: 'auth whoami', output: /^Username +kubernetes-admin$/m, since: 28 },
    {
      run: 'auth whoami --as=jane --as-group=devs',
      output: /^Groups +\[devs system:authenticated\]$/m,
      since: 28,
    },
    { run: 'create serviceaccount robot', output: 'serviceaccount/robot created' },
    {
      run: 'create role reader --verb=get,list --resource=pods',
      output: 'role.rbac.authorization.k8s.io/reader created',
    },
    {
      run: 'create rolebinding reader --role=reader --serviceaccount={namespace}:robot',
      output: 'rolebinding.rbac.authorization.k8s.io/reader created',
    },
    { run: 'auth can-i list pods --as=system:serviceaccount:{namespace}:robot', output: 'yes' },
    { run: 'auth reconcile -f role.yaml', output: /role\.rbac\.authorization\.k8s\.io\/reader reconciled/ },
    { run: 'auth can-i list services --as=system:serviceaccount:{namespace}:robot', output: 'yes' },
    {
      run: 'get secrets --as=system:serviceaccount:{namespace}:robot',
      code: 1,
      errors:
        /^Error from server \(Forbidden\): secrets is forbidden: User "system:serviceaccount:\S+:robot" cannot list resource "secrets" in API group "" in the namespace "\S+"\n$/,
    },
    {
      run: 'create clusterrole metrics-{id} --verb=get --non-resource-url=/metrics',
      output: /metrics-\S+ created/,
    },
    {
      run: 'create clusterrolebinding metrics-{id} --clusterrole=metrics-{id} --user=jane',
      output: /metrics-\S+ created/,
    },
    { run: 'auth can-i get /metrics --as=jane', output: 'yes' },
    { run: 'delete clusterrole,clusterrolebinding metrics-{id}', output: /deleted/ },
    { run: 'create -f jane.json -f joan.json', output: /^certificatesigningrequest\S+ created$/m },
    {
      run: 'certificate approve jane-{id}',
      output: 'certificatesigningrequest.certificates.k8s.io/jane-{id} approved',
    },
    {
      run: 'certificate deny joan-{id}',
      output: 'certificatesigningrequest.certificates.k8s.io/joan-{id} denied',
    },
    {
      run: 'get csr jane-{id} joan-{id}',
      output: /^jane-\S+ .* kubernetes-admin .* Approved[^]*^joan-\S+ .* Denied$/m,
    },
    { run: 'delete csr jane-{id} joan-{id}', output: /"jane-\S+" deleted/ },
    { run: 'create token robot --duration=10m', output: /^ey[\w-]+\.[\w-]+\.[\w-]+$/ },
    {
      run: 'create token robot --bound-object-kind=Pod --bound-object-name=nobody',
      code: 1,
      errors: /pods "nobody" not found/,
    },
  ],
};

const nodes: Chapter = {
  name: 'looks after nodes',
  steps: [
    {
      run: 'run guest --image=registry.example/one:1 --restart=Never --labels=app=guest',
      output: 'pod/guest created',
    },
    { run: 'wait --for=condition=Ready pod/guest --timeout=30s', output: 'pod/guest condition met' },
    { run: 'get nodes -o wide', output: /^sim-0 +Ready +<none> +\S+ +v1\.36\.\S+ +/m },
    { run: 'cordon sim-1', output: 'node/sim-1 cordoned' },
    { run: 'get node sim-1', output: /^sim-1 +Ready,SchedulingDisabled /m },
    { run: 'uncordon sim-1', output: 'node/sim-1 uncordoned' },
    { run: 'taint node sim-1 site=closed:NoSchedule', output: 'node/sim-1 tainted' },
    { run: 'taint node sim-1 site-', output: 'node/sim-1 untainted' },
    { run: 'label node sim-1 rack=7', output: 'node/sim-1 labeled' },
    { run: 'label node sim-1 rack-', output: 'node/sim-1 unlabeled' },
    {
      run: 'drain sim-0 sim-1 --ignore-daemonsets --pod-selector=app=guest',
      code: 1,
      errors: /cannot delete Pods? (that |not managed|declare no controller)/,
    },
    {
      run: 'drain sim-0 sim-1 --ignore-daemonsets --pod-selector=app=guest --force --timeout=40s',
      output: /pod\/guest evicted[^]*node\/sim-[01] drained/,
    },
    { run: 'uncordon sim-0 sim-1', output: 'node/sim-0 uncordoned\nnode/sim-1 uncordoned' },
    { run: 'describe node sim-0', output: /^ {2}Ready +True .*KubeletReady/m },
    {
      run: 'get lease sim-0 -n kube-node-lease -o name',
      output: 'lease.coordination.k8s.io/sim-0',
      eventually: true,
    },
    {
      run: 'debug node/sim-0 --image=registry.example/tools:1',
      output: /Creating debugging pod node-debugger-sim-0-\S+ with container debugger on node sim-0/,
    },
  ],
};

const server: Chapter = {
  name: 'learns about the server',
  steps: [
    {
      run: 'version',
      output: /^Server Version: .*v1\.36\.\d+\+skerry/m,
      errors: /^(warning: .*\n)*$/i,
    },
    { run: 'cluster-info', output: /Kubernetes control plane.* is running at .*https:\/\/127\.0\.0\.1:\d+/ },
    { run: 'api-versions', output: /^apps\/v1$/m },
    { run: 'api-resources --namespaced=false --verbs=list -o name', output: /^nodes$/m },
    {
      run: 'api-resources --api-group=apps --sort-by=kind',
      output: /^controllerrevisions +apps\/v1 +true +ControllerRevision\n/m,
    },
    {
      run: 'explain deployment.spec.strategy',
      output: /^FIELDS?:[^]*rollingUpdate\t<RollingUpdateDeployment>/m,
    },
    { run: 'explain pod --recursive', output: /^ +topologyKey\t<string>/m },
    { run: 'explain service --output=plaintext-openapiv2', output: /^ {3}spec\t<Object>$/m },
    { run: 'get --raw /readyz', output: 'ok' },
    { run: `get --raw '/livez?verbose'`, output: /livez check passed/ },
    { run: 'get --raw /api/v1/namespaces/default', output: /"kind":"Namespace"/ },
    { run: 'config current-context', output: 'default' },
    { run: 'config view --minify', output: /^ {4}certificate-authority-data: DATA\+OMITTED$/m },
    { run: 'cluster-info dump --output-directory=dump', output: 'Cluster info dumped to dump' },
    { run: 'get pods --server=https://127.0.0.1:1', code: 1, errors: /127\.0\.0\.1:1.*refused/ },
  ],
};

export const chapters: readonly Chapter[] = [
  workloads,
  reading,
  writing,
  applying,
  definitions,
  access,
  nodes,
  server,
];
