/**
 * Keeps EndpointSlices equal to the Endpoints that somebody writes by hand for a Service without a selector, so that who
 * reads slices alone sees them.
 * Rules: https://kubernetes.io/docs/concepts/services-networking/service/#custom-endpointslices
 */
import { isApiError } from '@skerry/api';
import type { EndpointSlice, Endpoints, Service } from '@skerry/api';
import { keyOf, resources } from '@skerry/client';
import { isSame } from '#runtime/canonical.ts';
import { createController, createQueue } from '#runtime/controller.ts';
import type { Controller, ControllerContext } from '#runtime/controller.ts';
import { Expectations } from '#runtime/expectations.ts';
import { numbersOf } from '#runtime/numbers.ts';
import { ownerReferenceTo } from '#runtime/ownership.ts';
import { splitKey } from '#runtime/status.ts';
import {
  addressesPerSubsetMax,
  mirroredEndpoints,
  type Mirrored,
} from '#core/endpoint-slice-mirroring/mirrored-endpoints.ts';
import { mirrorNumbers } from '#core/endpoint-slice/slice-numbers.ts';
import { planSlices } from '#core/endpoint-slice/slice-plan.ts';
import { nodePoolLabel } from '#edge/node-pool/definition.ts';

const serviceNameLabel = 'kubernetes.io/service-name';
const managedByLabel = 'endpointslice.kubernetes.io/managed-by';
const manager = 'endpointslicemirroring-controller.k8s.io';
const skipMirrorLabel = 'endpointslice.kubernetes.io/skip-mirror';
const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader';
const unmirroredAnnotations = [
  'endpoints.kubernetes.io/last-change-trigger-time',
  'kubectl.kubernetes.io/last-applied-configuration',
];
const batchMs = 100;

export function createEndpointSliceMirroringController(context: ControllerContext): Controller {
  const { client, informers, events } = context;
  const services = informers.informer<Service>(resources.services);
  const slices = informers.informer<EndpointSlice>(resources.endpointSlices);
  const endpoints = informers.informer<Endpoints>(resources.endpoints);
  slices.addIndex('mirror', (slice) => (isMirror(slice) ? [serviceKey(slice)] : []));
  const sliceClient = client.resource<EndpointSlice>(resources.endpointSlices);
  const queue = createQueue(context);
  const numbers = numbersOf(context, mirrorNumbers);
  numbers.follow({ slices, isOwn: isMirror });
  const expectations = new Expectations(context.clock);

  const enqueue = (object: Service | Endpoints) => queue.addAfter(keyOf(object), batchMs);
  services.addHandler({ onAdd: enqueue, onUpdate: enqueue, onDelete: enqueue });
  endpoints.addHandler({ onAdd: enqueue, onUpdate: enqueue, onDelete: enqueue });
  slices.addHandler({
    onAdd(slice) {
      if (!isMirror(slice)) return;
      if (!expectations.satisfied(serviceKey(slice))) expectations.creationObserved(serviceKey(slice));
      queue.addAfter(serviceKey(slice), batchMs);
    },
    onUpdate: (slice) => isMirror(slice) && queue.addAfter(serviceKey(slice), batchMs),
    onDelete: (slice) => isMirror(slice) && queue.addAfter(serviceKey(slice), batchMs),
  });

  async function write(
    source: Endpoints,
    mirrored: Mirrored,
    existing: readonly EndpointSlice[],
  ): Promise<void> {
    const { name = '', namespace } = source.metadata;
    const key = keyOf(source);
    const { labels, annotations } = marksOf(source);
    const plan = planSlices(mirrored.groups, existing);
    for (const { addressType, ports, endpoints: members } of plan.create) {
      expectations.expectCreations(key, 1);
      await sliceClient
        .create({
          apiVersion: 'discovery.k8s.io/v1',
          kind: 'EndpointSlice',
          metadata: {
            generateName: `${name}-`,
            namespace,
            labels,
            annotations,
            ownerReferences: [ownerReferenceTo(source, resources.endpoints)],
          },
          addressType,
          endpoints: members,
          ports: [...ports],
        })
        .catch((error: unknown) => {
          expectations.creationObserved(key);
          throw error;
        });
      numbers.changed('create');
    }
    const updated = new Set(plan.update.map(({ metadata }) => metadata.uid));
    const removed = new Set(plan.remove.map(({ metadata }) => metadata.uid));
    const remarked = existing.filter(
      ({ metadata }) =>
        !updated.has(metadata.uid) &&
        !removed.has(metadata.uid) &&
        !(isSame(metadata.labels, labels) && isSame(metadata.annotations ?? {}, annotations)),
    );
    for (const slice of [...plan.update, ...remarked]) {
      await sliceClient.update({ ...slice, metadata: { ...slice.metadata, labels, annotations } });
      numbers.changed('update');
    }
    await removeSlices(plan.remove);
    numbers.planned(plan);
  }

  async function removeSlices(gone: readonly EndpointSlice[]): Promise<void> {
    for (const { metadata } of gone) {
      const { namespace, uid } = metadata;
      await sliceClient
        .delete(metadata.name ?? '', { namespace, preconditions: { uid } })
        .catch((error: unknown) => {
          if (!isApiError(error, 'NotFound')) throw error;
        });
      numbers.changed('delete');
    }
  }

  return createController({
    name: 'endpointslice-mirroring-controller',
    context,
    waitFor: [services, slices, endpoints],
    queue,
    workers: 5,
    async reconcile(key) {
      const { namespace = '', name } = splitKey(key);
      const source = endpoints.get(namespace, name);
      const service = services.get(namespace, name);
      const existing = slices.byIndex('mirror', key).filter(({ metadata }) => !metadata.deletionTimestamp);
      if (!source || !service || !isByHand(source) || hasSelector(service)) {
        expectations.forget(key);
        return removeSlices(existing);
      }
      if (!expectations.satisfied(key)) return;
      const startedMs = context.clock.monotonic();
      const mirrored = mirroredEndpoints(source);
      const { invalidAddresses, skippedAddresses } = mirrored;
      await write(source, mirrored, existing);
      numbers.synced((context.clock.monotonic() - startedMs) / 1000);
      if (invalidAddresses > 0) {
        const message = `Skipped ${invalidAddresses} invalid IP addresses when mirroring to EndpointSlices`;
        events.record(source, { type: 'Warning', reason: 'InvalidIPAddress', message });
      }
      if (skippedAddresses > invalidAddresses) {
        const message = `A max of ${addressesPerSubsetMax} addresses can be mirrored to EndpointSlices per Endpoints subset. ${skippedAddresses} addresses were skipped`;
        events.record(source, { type: 'Warning', reason: 'TooManyAddressesToMirror', message });
      }
    },
  });
}

function isMirror({ metadata }: EndpointSlice): boolean {
  return metadata.labels?.[managedByLabel] === manager;
}

function serviceKey({ metadata }: EndpointSlice): string {
  return `${metadata.namespace}/${metadata.labels?.[serviceNameLabel] ?? ''}`;
}

/** Not what a controller keeps, nor an old kind of lock that bears the same name. */
function isByHand({ metadata }: Endpoints): boolean {
  return (
    !metadata.deletionTimestamp &&
    metadata.labels?.[skipMirrorLabel] !== 'true' &&
    metadata.annotations?.[leaderAnnotation] === undefined
  );
}

function hasSelector({ spec }: Service): boolean {
  return spec?.selector !== undefined && Object.keys(spec.selector).length > 0;
}

function marksOf({ metadata }: Endpoints) {
  const { [nodePoolLabel]: _pool, ...labels } = metadata.labels ?? {};
  const annotations = Object.fromEntries(
    Object.entries(metadata.annotations ?? {}).filter(([key]) => !unmirroredAnnotations.includes(key)),
  );
  return {
    labels: { ...labels, [serviceNameLabel]: metadata.name ?? '', [managedByLabel]: manager },
    annotations,
  };
}
