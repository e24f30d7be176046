/** Keeps EndpointSlices, and the older Endpoints, of every Service with a selector equal to its pods. */
import { isApiError, selectorFromLabels } from '@skerry/api';
import type { EndpointSlice, Endpoints, Node, Pod, Service } from '@skerry/api';
import { keyOf, resources } from '@skerry/client';
import { isSame } from '#runtime/canonical.ts';
import { createController, createQueue } from '#runtime/controller.ts';
import type { Controller, ControllerContext } from '#runtime/controller.ts';
import { Expectations } from '#runtime/expectations.ts';
import { ownerReferenceTo } from '#runtime/ownership.ts';
import { splitKey } from '#runtime/status.ts';
import { endpointsObject, managedByLabel, manager } from '#core/endpoint-slice/endpoints-object.ts';
import { endpointGroups, hasOwnEndpoints, isHeadless } from '#core/endpoint-slice/service-endpoints.ts';
import { planSlices } from '#core/endpoint-slice/slice-plan.ts';
import type { SlicePlan } from '#core/endpoint-slice/slice-plan.ts';

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
  // A slice has no name of its own to collide with: a second look at a stale copy would make it twice.
  const expectations = new Expectations(context.clock);

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
  const zoneOf = ({ metadata }: Node) => metadata.labels?.['topology.kubernetes.io/zone'];
  const enqueueByNode = (node: Node) => {
    for (const pod of pods.list()) if (pod.spec?.nodeName === node.metadata.name) enqueueServing(pod);
  };
  nodes.addHandler({
    onAdd: enqueueByNode,
    onDelete: enqueueByNode,
    onUpdate: (node, old) => zoneOf(node) !== zoneOf(old) && enqueueByNode(node),
  });
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

  async function writeSlices(service: Service, plan: SlicePlan): Promise<void> {
    const { name = '', namespace } = service.metadata;
    const labels = sliceLabels(service);
    for (const { addressType, ports, endpoints: members } of plan.create) {
      expectations.expectCreations(keyOf(service), 1);
      await sliceClient
        .create({
          apiVersion: 'discovery.k8s.io/v1',
          kind: 'EndpointSlice',
          metadata: {
            generateName: `${name}-`,
            namespace,
            labels,
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
    }
    for (const slice of plan.update) {
      await sliceClient.update({ ...slice, metadata: { ...slice.metadata, labels } });
    }
    for (const { metadata } of plan.remove) {
      await sliceClient
        .delete(metadata.name ?? '', { namespace, preconditions: { uid: metadata.uid } })
        .catch(ignoreNotFound);
    }
  }

  async function writeEndpoints(wanted: Endpoints): Promise<void> {
    const { name = '', namespace } = wanted.metadata;
    const existing = endpoints.get(namespace, name);
    if (!existing) {
      await endpointsClient.create(wanted);
      return;
    }
    const { labels, annotations } = wanted.metadata;
    const isTrue =
      isSame(existing.subsets ?? [], wanted.subsets ?? []) && isSame(existing.metadata.labels, labels);
    if (isTrue) return;
    await endpointsClient.update({
      ...wanted,
      metadata: {
        ...existing.metadata,
        labels,
        annotations: { ...existing.metadata.annotations, ...annotations },
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
      const { namespace = '', name } = splitKey(key);
      const service = services.get(namespace, name);
      // Slices of a Service that is gone go with it, by their owner reference.
      if (!service) {
        expectations.forget(key);
        return removeEndpoints(namespace, name);
      }
      if (!hasOwnEndpoints(service) || !expectations.satisfied(key)) return;
      const selector = selectorOf(service);
      const members = pods.list(namespace).filter(({ metadata }) => selector.matches(metadata.labels));
      const groups = endpointGroups(service, {
        pods: members,
        nodeOf: (node) => nodes.get(undefined, node),
      });
      const existing = slices.byIndex('service', key).filter(({ metadata }) => !metadata.deletionTimestamp);
      await writeSlices(service, planSlices(groups, existing));
      await writeEndpoints(endpointsObject(service, groups));
    },
  });
}

function selectorOf({ spec }: Service) {
  return selectorFromLabels(spec?.selector ?? {});
}

function sliceLabels(service: Service): Record<string, string> {
  return {
    ...service.metadata.labels,
    [serviceNameLabel]: service.metadata.name ?? '',
    [sliceManagedByLabel]: sliceManager,
    ...(isHeadless(service) ? { [headlessLabel]: '' } : {}),
  };
}

function ignoreNotFound(error: unknown): void {
  if (!isApiError(error, 'NotFound')) throw error;
}
