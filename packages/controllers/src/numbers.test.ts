/** What single controllers tell at `/metrics`, under the names and labels that dashboards for stock clusters read. */
import type {
  CronJob,
  EndpointSlice,
  HorizontalPodAutoscaler,
  Job,
  Lease,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  ReplicaSet,
  Service,
} from '@skerry/api';
import { resources } from '@skerry/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createReplicaSetController } from '#apps/replica-set/replica-set.ts';
import { createHorizontalPodAutoscalerController } from '#autoscaling/horizontal-pod-autoscaler.ts';
import { createCronJobController } from '#batch/cron-job/cron-job.ts';
import { createJobController } from '#batch/job/job.ts';
import { createEndpointSliceController } from '#core/endpoint-slice/endpoint-slice.ts';
import { createNodeIpamController } from '#core/node-ipam/node-ipam.ts';
import { createNodeLifecycleController } from '#core/node-lifecycle/node-lifecycle.ts';
import { createTaintEvictionController } from '#core/node-lifecycle/taint-eviction.ts';
import { createPodGcController } from '#core/pod-gc/pod-gc.ts';
import { createVolumeBinder } from '#storage/binder.ts';
import { createHarness } from '#testing/harness.ts';
import type { Harness } from '#testing/harness.ts';

let cluster: Harness;
beforeEach(() => {
  cluster = createHarness();
});
afterEach(() => cluster.stop());

const at = (name: string) => ({ namespace: 'default', name });
const template = (labels: Record<string, string>) => ({
  metadata: { labels },
  spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'x' }] },
});

/** Ends the pods of an index with an exit code. */
async function end(index: number, exitCode: number): Promise<void> {
  const key = 'batch.kubernetes.io/job-completion-index';
  for (const { metadata, status } of cluster.client.all<Pod>(resources.pods)) {
    if (metadata.annotations?.[key] !== String(index) || status?.phase !== 'Pending') continue;
    cluster.client.edit<Pod>(resources.pods, at(metadata.name ?? ''), (pod) => {
      const finishedAt = new Date(cluster.clock.now()).toISOString();
      const state = { terminated: { exitCode, finishedAt } };
      pod.status = {
        phase: exitCode === 0 ? 'Succeeded' : 'Failed',
        containerStatuses: [{ name: 'c', state } as never],
      };
    });
  }
  await cluster.clock.advance(100);
}

test('Jobs: syncs, pods, indexes, what the failure policy decided, and how they ended', async () => {
  await cluster.start(createJobController(cluster.context));
  await cluster.client.resource<Job>(resources.jobs).create({
    metadata: at('work'),
    spec: {
      completionMode: 'Indexed',
      completions: 2,
      parallelism: 2,
      backoffLimit: 6,
      ttlSecondsAfterFinished: 60,
      podFailurePolicy: {
        rules: [{ action: 'Ignore', onExitCodes: { operator: 'In', values: [42] } }],
      },
      selector: { matchLabels: { job: 'work' } },
      template: template({ job: 'work' }),
    },
  });
  await cluster.clock.advance(100);
  await end(0, 0);
  await end(1, 42);
  await cluster.clock.advance(20_000);
  await end(1, 0);
  const { metric } = cluster;
  expect(metric('job_controller_job_pods_creation_total{reason="new",status="succeeded"}')).toBe(3);
  expect(metric('job_controller_pod_failures_handled_by_failure_policy_total{action="Ignore"}')).toBe(1);
  expect(metric('job_controller_job_pods_finished_total{completion_mode="Indexed",result="succeeded"}')).toBe(
    2,
  );
  expect(metric('job_controller_job_finished_indexes_total{status="succeeded",backoffLimit="global"}')).toBe(
    2,
  );
  expect(metric('job_controller_terminated_pods_tracking_finalizer_total{event="add"}')).toBe(3);
  expect(metric('job_controller_terminated_pods_tracking_finalizer_total{event="delete"}')).toBe(3);
  const finished =
    'job_controller_jobs_finished_total{completion_mode="Indexed",result="succeeded",reason="CompletionsReached"}';
  expect(metric(finished)).toBe(1);
  const syncs = (action: string) =>
    metric(`job_controller_job_syncs_total{completion_mode="Indexed",result="success",action="${action}"}`);
  expect(syncs('pods_created')).toBeGreaterThan(1);
  expect(syncs('reconciling')).toBeGreaterThan(0);
  await cluster.clock.advance(61_000);
  expect(metric('ttl_after_finished_controller_job_deletion_duration_seconds_count')).toBe(1);
});

test('CronJobs: how late their Jobs are', async () => {
  await cluster.start(createCronJobController(cluster.context));
  await cluster.client.resource<CronJob>(resources.cronJobs).create({
    metadata: at('tick'),
    spec: { schedule: '* * * * *', jobTemplate: { spec: { template: template({}) } } },
  });
  await cluster.clock.advance(61_000);
  expect(cluster.metric('cronjob_controller_job_creation_skew_duration_seconds_count')).toBe(1);
  expect(cluster.metric('cronjob_controller_job_creation_skew_duration_seconds_bucket{le="1"}')).toBe(1);
});

test('autoscalers: looks, whose fault it was, and the size they want', async () => {
  await cluster.start(createHorizontalPodAutoscalerController(cluster.context));
  cluster.client.seed<HorizontalPodAutoscaler>(resources.horizontalPodAutoscalers, {
    metadata: at('scaler'),
    spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'gone' } },
    status: { desiredReplicas: 2 },
  });
  await cluster.clock.advance(100);
  const hpa = 'horizontal_pod_autoscaler_controller';
  expect(cluster.metric(`${hpa}_reconciliations_total{action="none",error="internal"}`)).toBe(1);
  expect(cluster.metric(`${hpa}_num_horizontal_pod_autoscalers`)).toBe(1);
  expect(cluster.metric(`${hpa}_desired_replicas{namespace="default",hpa_name="scaler"}`)).toBe(2);
});

test('nodes: how zones fare, nodes that were emptied, pods that were evicted', async () => {
  for (const name of ['a', 'b', 'c']) {
    cluster.client.seed<Node>(resources.nodes, {
      metadata: { name, labels: { 'topology.kubernetes.io/zone': 'z' } },
      spec: {},
      status: { conditions: [{ type: 'Ready', status: name === 'a' ? 'Unknown' : 'True' }] },
    });
    cluster.client.seed<Lease>(resources.leases, {
      metadata: { name, namespace: 'kube-node-lease' },
      spec: {},
    });
  }
  cluster.client.seed<Pod>(resources.pods, {
    metadata: at('p'),
    spec: { nodeName: 'a', containers: [] },
    status: { phase: 'Running' },
  });
  await cluster.start(
    createNodeLifecycleController(cluster.context),
    createTaintEvictionController(cluster.context),
  );
  await cluster.clock.advance(10_000);
  const { metric } = cluster;
  expect(metric('node_collector_zone_size{zone=":z"}')).toBe(3);
  expect(metric('node_collector_unhealthy_nodes_in_zone{zone=":z"}')).toBe(1);
  expect(metric('node_collector_zone_health{zone=":z"}')).toBeCloseTo(66.7, 1);
  expect(metric('node_collector_evictions_total{zone=":z"}')).toBe(1);
  expect(metric('node_collector_update_all_nodes_health_duration_seconds_count')).toBeGreaterThan(0);
  expect(metric('node_collector_update_node_health_duration_seconds_count')).toBeGreaterThan(2);
  expect(metric('taint_eviction_controller_pod_deletions_total')).toBe(1);
});

test('ranges of pods: what was handed out and given back, and how much is taken', async () => {
  const addNode = (name: string, podCIDR?: string) =>
    cluster.client.seed<Node>(resources.nodes, { metadata: { name }, spec: podCIDR ? { podCIDR } : {} });
  addNode('a', '10.1.1.0/24');
  addNode('b', '10.9.0.0/24');
  addNode('c');
  await cluster.start(createNodeIpamController(cluster.context, { clusterCidr: '10.1.0.0/22' })!);
  addNode('d');
  await cluster.clock.advance(100);
  cluster.client.remove(resources.nodes, { name: 'a' });
  await cluster.clock.advance(100);
  const of = (name: string) => cluster.metric(`node_ipam_controller_${name}{clusterCIDR="10.1.0.0/22"}`);
  expect(of('cidrset_cidrs_allocations_total')).toBe(3);
  expect(of('cidrset_cidrs_releases_total')).toBe(1);
  expect(of('cidrset_allocation_tries_per_request_count')).toBe(2);
  expect(of('cidrset_allocation_tries_per_request_sum')).toBe(1);
  expect(of('cidrset_usage_cidrs')).toBe(0.5);
  expect(of('cirdset_max_cidrs')).toBe(4);
});

test('EndpointSlices: how many there are, and what each look changed', async () => {
  cluster.client.seed<Node>(resources.nodes, { metadata: { name: 'a' } });
  cluster.client.seed<Service>(resources.services, {
    metadata: at('web'),
    spec: {
      selector: { app: 'web' },
      ports: [{ port: 80 }],
      clusterIPs: ['10.96.0.9'],
      ipFamilies: ['IPv4'],
      trafficDistribution: 'PreferSameZone',
    },
  });
  cluster.client.seed<Pod>(resources.pods, {
    metadata: { ...at('p'), labels: { app: 'web' } },
    spec: { nodeName: 'a', containers: [] },
    status: {
      phase: 'Running',
      podIP: '10.244.0.2',
      podIPs: [{ ip: '10.244.0.2' }],
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  });
  await cluster.start(createEndpointSliceController(cluster.context));
  await cluster.clock.advance(1_000);
  expect(cluster.client.all<EndpointSlice>(resources.endpointSlices)).toHaveLength(1);
  const { metric } = cluster;
  const slices = 'endpoint_slice_controller';
  expect(metric(`${slices}_num_endpoint_slices`)).toBe(1);
  expect(metric(`${slices}_desired_endpoint_slices`)).toBe(1);
  expect(metric(`${slices}_endpoints_desired`)).toBe(1);
  expect(metric(`${slices}_changes{operation="create"}`)).toBe(1);
  expect(metric(`${slices}_endpoints_added_per_sync_sum`)).toBe(1);
  expect(metric(`${slices}_syncs{result="success"}`)).toBeGreaterThan(0);
  const distribution = 'traffic_distribution="PreferSameZone"';
  expect(metric(`${slices}_endpointslices_changed_per_sync_sum{topology="Disabled",${distribution}}`)).toBe(
    1,
  );
  expect(metric(`${slices}_services_count_by_traffic_distribution{${distribution}}`)).toBe(1);
});

test('ReplicaSets: the age of pods that went, beside the youngest', async () => {
  await cluster.start(createReplicaSetController(cluster.context));
  await cluster.client.resource<ReplicaSet>(resources.replicaSets).create({
    metadata: at('set'),
    spec: { replicas: 2, selector: { matchLabels: { app: 'set' } }, template: template({ app: 'set' }) },
  });
  await cluster.settle();
  await cluster.clock.advance(10_000);
  cluster.client.edit<ReplicaSet>(resources.replicaSets, at('set'), (set) => {
    set.spec = { ...set.spec!, replicas: 1 };
  });
  await cluster.settle();
  expect(cluster.metric('replicaset_controller_sorting_deletion_age_ratio_count')).toBe(1);
  expect(cluster.metric('replicaset_controller_sorting_deletion_age_ratio_bucket{le="1"}')).toBe(1);
});

test('volumes and claims: how many are bound, by class; pods that were cleared away, by why', async () => {
  cluster.client.seed<PersistentVolume>(resources.persistentVolumes, {
    metadata: { name: 'v' },
    spec: { storageClassName: 'fast', hostPath: { path: '/v' } },
    status: { phase: 'Bound' },
  });
  cluster.client.seed<PersistentVolumeClaim>(resources.persistentVolumeClaims, {
    metadata: at('c'),
    spec: { storageClassName: 'slow' },
    status: { phase: 'Pending' },
  });
  cluster.client.seed<Pod>(resources.pods, {
    metadata: { ...at('p'), deletionTimestamp: '2026-01-01T00:00:00Z' },
    spec: { containers: [] },
  });
  await cluster.start(createVolumeBinder(cluster.context), createPodGcController(cluster.context));
  await cluster.clock.advance(100);
  const { metric } = cluster;
  expect(
    metric('pv_collector_total_pv_count{plugin_name="kubernetes.io/host-path",volume_mode="Filesystem"}'),
  ).toBe(1);
  const claim = '{namespace="default",storage_class="slow",volume_attributes_class=""}';
  expect(metric(`pv_collector_unbound_pvc_count${claim}`)).toBe(1);
  expect(metric('pod_gc_collector_force_delete_pods_total{namespace="default",reason="unscheduled"}')).toBe(
    1,
  );
});
