/**
 * Debian's Python client (`python3-kubernetes`, made for Kubernetes 1.22) against a real center with simulated nodes; its
 * streams are in `streams.client.ts`.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ClientCenter } from './client-center.ts';
import { hasPythonClient, runPython } from './python-program.ts';

/** By what they show; each is the body of a function. */
const cases: Readonly<Record<string, string>> = {
  'creates, reads, replaces and deletes': `
core.create_namespaced_config_map(ns, settings("one"))
read = core.read_namespaced_config_map("one", ns)
read.data = {"a": "2"}
assert core.replace_namespaced_config_map("one", ns, read).data == {"a": "2"}
core.delete_namespaced_config_map("one", ns)
try:
    core.read_namespaced_config_map("one", ns)
    assert False
except ApiException as error:
    assert error.status == 404 and '"reason":"NotFound"' in error.body`,
  'lists in pages': `
for name in ["p1", "p2", "p3"]: core.create_namespaced_config_map(ns, settings(name))
first = core.list_namespaced_config_map(ns, label_selector="from=py", limit=2)
rest = core.list_namespaced_config_map(ns, label_selector="from=py", limit=2, _continue=first.metadata._continue)
assert [item.metadata.name for item in first.items + rest.items] == ["p1", "p2", "p3"]
core.delete_collection_namespaced_config_map(ns, label_selector="from=py")`,
  'patches by merge and by operations': `
core.create_namespaced_config_map(ns, settings("patched"))
assert core.patch_namespaced_config_map("patched", ns, {"data": {"a": None, "b": "2"}}).data == {"b": "2"}
assert core.patch_namespaced_config_map("patched", ns, [{"op": "add", "path": "/data/c", "value": "3"}]).data == {"b": "2", "c": "3"}`,
  'watches, from where a list ended': `
revision = core.list_namespaced_config_map(ns).metadata.resource_version
core.create_namespaced_config_map(ns, settings("watched"))
core.delete_namespaced_config_map("watched", ns)
seen = []
for event in watch.Watch().stream(core.list_namespaced_config_map, ns, resource_version=revision, timeout_seconds=10):
    seen.append(event["type"] + " " + event["object"].metadata.name)
    if len(seen) == 2: break
assert seen == ["ADDED watched", "DELETED watched"], seen`,
  'ends a watch in time': `
assert list(watch.Watch().stream(core.list_namespaced_secret, ns, timeout_seconds=1)) == []`,
  'scales a Deployment and waits for it': `
labels = {"app": "web"}
spec = client.V1DeploymentSpec(replicas=1, selector=client.V1LabelSelector(match_labels=labels), template=client.V1PodTemplateSpec(
    metadata=client.V1ObjectMeta(labels=labels), spec=client.V1PodSpec(containers=[client.V1Container(name="web", image="registry.example/web:1")])))
apps.create_namespaced_deployment(ns, client.V1Deployment(metadata=client.V1ObjectMeta(name="web"), spec=spec))
apps.patch_namespaced_deployment_scale("web", ns, {"spec": {"replicas": 2}})
for event in watch.Watch().stream(apps.list_namespaced_deployment, ns, timeout_seconds=30):
    if event["object"].status.available_replicas == 2: break
else: assert False
pods = core.list_namespaced_pod(ns, label_selector="app=web").items
assert {pod.status.phase for pod in pods} == {"Running"}, pods`,
  'finds and uses kinds by discovery': `
finder = dynamic.DynamicClient(api_client.ApiClient())
maps = finder.resources.get(api_version="v1", kind="ConfigMap")
maps.create(namespace=ns, body={"metadata": {"name": "dynamic"}, "data": {"a": "1"}})
body = json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "dynamic"}, "data": {"b": "2"}})
applied = maps.server_side_apply(namespace=ns, name="dynamic", body=body, field_manager="py")
assert applied.to_dict()["data"] == {"a": "1", "b": "2"}, applied
pools = finder.resources.get(api_version="apps.openyurt.io/v1beta2", kind="NodePool")
assert pools.get().kind == "NodePoolList"`,
  'asks for access, tokens and versions': `
review = client.AuthorizationV1Api().create_self_subject_access_review(client.V1SelfSubjectAccessReview(
    spec=client.V1SelfSubjectAccessReviewSpec(resource_attributes=client.V1ResourceAttributes(verb="create", resource="pods", namespace=ns))))
assert review.status.allowed
assert client.VersionApi().get_code().minor == "36"
assert "apps" in [group.name for group in client.ApisApi().get_api_versions().groups]`,
  'evicts a pod': `
pod = core.list_namespaced_pod(ns, label_selector="app=web").items[0]
core.create_namespaced_pod_eviction(pod.metadata.name, ns, client.V1Eviction(metadata=client.V1ObjectMeta(name=pod.metadata.name)))
assert core.read_namespaced_pod(pod.metadata.name, ns).metadata.deletion_timestamp`,
};

describe.skipIf(!hasPythonClient)("Debian's Python client", () => {
  let cluster: ClientCenter;
  let results: Record<string, string> = {};

  beforeAll(async () => {
    cluster = await ClientCenter.start({ nodes: 1 });
    const env = { ...process.env, KUBECONFIG: join(cluster.center.dataDirectory, 'admin.kubeconfig') };
    results = await runPython(env, cases);
  });

  afterAll(async () => {
    await cluster?.stop();
  });

  test.each(Object.keys(cases))('%s', (name) => {
    expect(results[name]).toBe('ok');
  });
});
