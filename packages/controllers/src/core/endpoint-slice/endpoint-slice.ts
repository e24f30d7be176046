/** Keeps EndpointSlices, and the older Endpoints, of every Service with a selector equal to its pods. */
import { isApiError, selectorFromLabels } from '@skerry/api';
import type { EndpointSlice, Endpoints, Node, Pod, Service } from '@skerry/api';
import { keyOf, resources } from '@skerry/client';
import { isSame } from '#runtime/canonical.ts';
import { createController, createQueue } from '#runtime/controller.ts';
import type { Controller, ControllerContext } from '#runtime/controller.ts';
import { Expectations } from '#runtime/expectations.ts';
import { numbersOf } from '#runtime/numbers.ts';
import { ownerReferenceTo } from '#runtime/ownership.ts';
import { splitKey } from '#runtime/status.ts';
import {
  endpointsObject,
  managedByLabel,
  manager,
  overCapacityAnnotation,
} from '#core/endpoint-slice/endpoints-object.ts';
import {
  endpointGroups,
  hasOwnEndpoints,
  isHeadless,
  poolOf,
} from '#core/endpoint-slice/service-endpoints.ts';
import { serviceSliceNumbers } from '#core/endpoint-slice/slice-numbers.ts';
import { planSlices } from '#core/endpoint-slice/slice-plan.ts';
import type { SlicePlan } from '#core/endpoint-slice/slice-plan.ts';
import { addHints, isAutoTopology, type HintsOutcome } from '#core/endpoint-slice/topology-hints.ts';
import { TriggerTimes, triggerTimeAnnotation } from '#core/endpoint-slice/trigger-times.ts';
import { nodePoolLabel } from '#edge/node-pool/definition.ts';

const serviceNameLabel = 'kubernetes.io/service-name';
const sliceManagedByLabel = 'endpointslice.kubernetes.io/managed-by';
const sliceManager = 'endpointslice-controller.k8s.io';
const headlessLabel = 'service.kubernetes.io/headless';
/** Many pods change together; waiting a moment saves most of the writes. */
const batchMs = 100;

export function createEndpointSliceController(context: ControllerContext): Controller {
  const { client, informers } = context;
  const services = informers.informer<Service>(resources.services);
  const pods = informers.informer<Pod>(resources.pods);
  const nodes = informers.informer<Node>(resources.nodes);
  const slices = informers.informer<EndpointSlice>(resources.endpointSlices);
  const endpoints = informers.informer<Endpoints>(resources.endpoints);
  slices.addIndex('service', ({ metadata }) =>
    metadata.labels?.[sliceManagedByLabel] === sliceManager
      ? [`${metadata.namespace}/${metadata.labels[serviceNameLabel]}`]
      : [],
  );
  const sliceClient = client.resource<EndpointSlice>(resources.endpointSlices);
  const endpointsClient = client.resource<Endpoints>(resources.endpoints);
  const queue = createQueue(context);
  const numbers = numbersOf(context, serviceSliceNumbers);
  const isOwn = ({ metadata }: EndpointSlice) => metadata.labels?.[sliceManagedByLabel] === sliceManager;
  numbers.follow({ slices, services, isOwn });
  // A slice has no name of its own to collide with: a second look at a stale copy would make it twice.
  const expectations = new Expectations(context.clock);
  const triggerTimes = new TriggerTimes();

  const enqueue = (service: Service) => queue.add(keyOf(service));
  services.addHandler({ onAdd: enqueue, onUpdate: enqueue, onDelete: enqueue });
  const enqueueServing = (pod: Pod) => {
    for (const service of services.list(pod.metadata.namespace ?? '')) {
      if (hasOwnEndpoints(service) && selectorOf(service).matches(pod.metadata.labels)) {
        queue.addAfter(keyOf(service), batchMs);
      }
    }
  };
  pods.addHandler({
    onAdd: enqueueServing,
    onDelete: enqueueServing,
    onUpdate(pod, old) {
      if (!isSame(pod.metadata.labels, old.metadata.labels)) enqueueServing(old);
      enqueueServing(pod);
    },
  });
  pods.addIndex('node', ({ spec }) => (spec?.nodeName ? [spec.nodeName] : []));
  const enqueueByNode = (node: Node) => {
    for (const pod of pods.byIndex('node', node.metadata.name ?? '')) enqueueServing(pod);
    for (const service of services.list())
      if (isAutoTopology(service)) queue.addAfter(keyOf(service), batchMs);
  };
  nodes.addHandler({
    onAdd: enqueueByNode,
    onDelete: enqueueByNode,
    onUpdate: (node, old) => !isSame(placeOf(node), placeOf(old)) && enqueueByNode(node),
  });
  const outcomes = new Map<string, string>();
  function tell(service: Service, addressType: string, outcome: HintsOutcome): void {
    const key = `${keyOf(service)} ${addressType}`;
    const message = outcome.kind === 'refused' ? outcome.message : 'Topology Aware Hints has been enabled';
    if (outcome.kind === 'none asked') outcomes.delete(key);
    else if (outcomes.get(key) !== message) {
      outcomes.set(key, message);
      context.events.record(service, {
        type: outcome.kind === 'refused' ? 'Warning' : 'Normal',
        reason: outcome.kind === 'refused' ? 'TopologyAwareHintsDisabled' : 'TopologyAwareHintsEnabled',
        message: `${message}, addressType: ${addressType}`,
      });
    }
  }
  const serviceKey = ({ metadata }: EndpointSlice) =>
    `${metadata.namespace}/${metadata.labels?.[serviceNameLabel] ?? ''}`;
  slices.addHandler({
    onAdd(slice) {
      if (expectations.satisfied(serviceKey(slice))) return;
      expectations.creationObserved(serviceKey(slice));
      queue.add(serviceKey(slice));
    },
    onDelete: (slice) => queue.addAfter(serviceKey(slice), batchMs),
  });

  async function writeSlices(
    service: Service,
    plan: SlicePlan,
    triggerTime: string | undefined,
  ): Promise<void> {
    const { name = '', namespace } = service.metadata;
    const labels = sliceLabels(service);
    for (const { addressType, pool, ports, endpoints: members } of plan.create) {
      expectations.expectCreations(keyOf(service), 1);
      await sliceClient
        .create({
          apiVersion: 'discovery.k8s.io/v1',
          kind: 'EndpointSlice',
          metadata: {
            generateName: `${name}-`,
            namespace,
            labels: ofPool(labels, pool),
            ...(triggerTime ? { annotations: { [triggerTimeAnnotation]: triggerTime } } : {}),
            ownerReferences: [ownerReferenceTo(service, resources.services)],
          },
          addressType,
          endpoints: members,
          ports: [...ports],
        })
        .catch((error: unknown) => {
          expectations.creationObserved(keyOf(service));
          throw error;
        });
      numbers.changed('create');
    }
    for (const slice of plan.update) {
      const pool = slice.metadata.labels?.[nodePoolLabel];
      const { [triggerTimeAnnotation]: _, ...others } = slice.metadata.annotations ?? {};
      const annotations = { ...others, ...(triggerTime ? { [triggerTimeAnnotation]: triggerTime } : {}) };
      const metadata = { ...slice.metadata, labels: ofPool(labels, pool), annotations };
      await sliceClient.update({ ...slice, metadata });
      numbers.changed('update');
    }
    for (const { metadata } of plan.remove) {
      await sliceClient
        .delete(metadata.name ?? '', { namespace, preconditions: { uid: metadata.uid } })
        .catch(ignoreNotFound);
      numbers.changed('delete');
    }
    numbers.planned(plan);
    const slices = plan.create.length + plan.update.length + plan.remove.length;
    numbers.writtenFor(service, { isAuto: isAutoTopology(service), slices });
  }

  async function writeEndpoints(wanted: Endpoints): Promise<void> {
    const { name = '', namespace } = wanted.metadata;
    const existing = endpoints.get(namespace, name);
    if (!existing) {
      await endpointsClient.create(wanted);
      return;
    }
    const { labels, annotations } = wanted.metadata;
    const { [overCapacityAnnotation]: wasOver, ...others } = existing.metadata.annotations ?? {};
    const isTrue =
      isSame(existing.subsets ?? [], wanted.subsets ?? []) &&
      isSame(existing.metadata.labels, labels) &&
      wasOver === annotations?.[overCapacityAnnotation];
    if (isTrue) return;
    await endpointsClient.update({
      ...wanted,
      metadata: {
        ...existing.metadata,
        labels,
        annotations: { ...others, ...annotations },
      },
    });
  }

  async function removeEndpoints(namespace: string, name: string): Promise<void> {
    const existing = endpoints.get(namespace, name);
    if (existing?.metadata.labels?.[managedByLabel] !== manager) return;
    const { uid } = existing.metadata;
    await endpointsClient.delete(name, { namespace, preconditions: { uid } }).catch(ignoreNotFound);
  }

  return createController({
    name: 'endpointslice-controller',
    context,
    waitFor: [services, pods, nodes, slices, endpoints],
    queue,
    workers: 5,
    async reconcile(key) {
      try {
        await sync(key);
        numbers.synced('success');
      } catch (error) {
        numbers.synced('error');
        throw error;
      }
    },
  });

  async function sync(key: string): Promise<void> {
    const { namespace = '', name } = splitKey(key);
    const service = services.get(namespace, name);
    // Slices of a Service that is gone go with it, by their owner reference.
    if (!service) {
      expectations.forget(key);
      triggerTimes.forget(key);
      return removeEndpoints(namespace, name);
    }
    if (!hasOwnEndpoints(service) || !expectations.satisfied(key)) return;
    const selector = selectorOf(service);
    const members = pods.list(namespace).filter(({ metadata }) => selector.matches(metadata.labels));
    const groups = endpointGroups(service, {
      pods: members,
      nodeOf: (node) => nodes.get(undefined, node),
    });
    for (const addressType of new Set(groups.map((group) => group.addressType))) {
      const family = groups.filter((group) => group.addressType === addressType);
      tell(service, addressType, addHints(service, family, isAutoTopology(service) ? nodes.list() : []));
    }
    const existing = slices.byIndex('service', key).filter(({ metadata }) => !metadata.deletionTimestamp);
    await writeSlices(service, planSlices(groups, existing), triggerTimes.observe(service, members));
    await writeEndpoints(endpointsObject(service, groups));
  }
}

function selectorOf({ spec }: Service) {
  return selectorFromLabels(spec?.selector ?? {});
}

/** What of a node its endpoints show, or the sharing out over zones depends on. */
function placeOf(node: Node) {
  const { metadata, status } = node;
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')?.status;
  return [
    poolOf(node),
    metadata.labels?.['topology.kubernetes.io/zone'],
    ready,
    status?.allocatable?.['cpu'],
  ];
}

function ofPool(labels: Record<string, string>, pool: string | undefined): Record<string, string> {
  return pool ? { ...labels, [nodePoolLabel]: pool } : labels;
}

/** A Service's own labels are its slices' too, except where they would mean something else there. */
function sliceLabels(service: Service): Record<string, string> {
  const { [nodePoolLabel]: _pool, [headlessLabel]: _headless, ...own } = service.metadata.labels ?? {};
  return {
    ...own,
    [serviceNameLabel]: service.metadata.name ?? '',
    [sliceManagedByLabel]: sliceManager,
    ...(isHeadless(service) ? { [headlessLabel]: '' } : {}),
  };
}

function ignoreNotFound(error: unknown): void {
  if (!isApiError(error, 'NotFound')) throw error;
}
