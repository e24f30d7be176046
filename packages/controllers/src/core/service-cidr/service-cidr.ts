/**
 * Makes further ranges of Service addresses ready, and lets one that is being deleted go once no address needs it: each of
 * its addresses lies in another range too, or none is left. Until then it says why it stays.
 * Rules: https://kubernetes.io/docs/reference/networking/virtual-ips/#ip-address-objects
 */
import { readAddress, readNetwork, type Condition, type IPAddress, type ServiceCIDR } from '@skerry/api';
import { resources } from '@skerry/client';
import { dueOf, protect, release } from '#core/storage-protection/finalizer.ts';
import { createController, createQueue } from '#runtime/controller.ts';
import type { Controller, ControllerContext } from '#runtime/controller.ts';
import { timestamp, withCondition, writeStatus } from '#runtime/status.ts';

const finalizer = 'networking.k8s.io/service-cidr-finalizer';
const managedByLabel = 'ipaddress.kubernetes.io/managed-by';
const addressManager = 'ipallocator.k8s.io';
/** The range that the API server was started with. */
const ownRange = 'kubernetes';
/** The API server may give away an address of a range until it hears that the range goes. */
const graceMs = 10_000;

const ready: Pick<Condition, 'status' | 'reason' | 'message'> = {
  status: 'True',
  reason: '',
  message: 'Kubernetes Service CIDR is ready',
};
const waiting: typeof ready = {
  status: 'False',
  reason: 'Terminating',
  message:
    'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR',
};

export function createServiceCidrController(context: ControllerContext): Controller {
  const { client, informers, clock } = context;
  const ranges = informers.informer<ServiceCIDR>(resources.serviceCidrs);
  const addresses = informers.informer<IPAddress>(resources.ipAddresses);
  const rangeClient = client.resource<ServiceCIDR>(resources.serviceCidrs);
  const queue = createQueue(context);
  const onRange = ({ metadata }: ServiceCIDR) => queue.add(metadata.name ?? '');
  // Another range that comes may be what one that is to go waits for.
  const onEnding = () => {
    for (const range of ranges.list()) if (range.metadata.deletionTimestamp) onRange(range);
  };
  ranges.addHandler({
    onAdd(range) {
      onRange(range);
      onEnding();
    },
    onUpdate: (range) => onRange(range),
    onDelete: onEnding,
  });
  addresses.addHandler({ onAdd: onEnding, onDelete: onEnding });

  /** Whether some address lies in no other range. */
  function isNeeded(range: ServiceCIDR): boolean {
    const others = ranges
      .list()
      .filter(({ metadata }) => metadata.name !== range.metadata.name)
      .flatMap(({ spec }) => spec?.cidrs ?? []);
    const own = range.spec?.cidrs ?? [];
    return addresses
      .list()
      .some(
        ({ metadata: { name = '', labels } }) =>
          labels?.[managedByLabel] === addressManager &&
          own.some((cidr) => contains(cidr, name)) &&
          !others.some((other) => contains(other, name)),
      );
  }

  const tell = (range: ServiceCIDR, found: typeof ready) =>
    writeStatus(client, resources.serviceCidrs, range, {
      conditions: withCondition(
        range.status?.conditions,
        { type: 'Ready', ...found, lastTransitionTime: timestamp(clock.now()) },
        clock.now(),
      ),
    });

  return createController({
    name: 'service-cidr-controller',
    context,
    waitFor: [ranges, addresses],
    queue,
    async reconcile(name) {
      const range = ranges.get(undefined, name);
      if (!range) return undefined;
      const { deletionTimestamp } = range.metadata;
      const due = dueOf(range, finalizer);
      if (due === 'add') {
        // Its update comes back, and is looked at then.
        await protect(rangeClient, range, finalizer);
        return undefined;
      }
      const isTold = range.status?.conditions?.some(({ type }) => type === 'Ready');
      if (!deletionTimestamp) {
        // What the API server says of its own range stands.
        if (name !== ownRange || !isTold) await tell(range, ready);
        return undefined;
      }
      if (due !== 'release') return undefined;
      if (isNeeded(range)) {
        await tell(range, waiting);
        return undefined;
      }
      const leftMs = graceMs - (clock.now() - Date.parse(deletionTimestamp));
      if (leftMs > 0) return { afterMs: leftMs };
      await release(rangeClient, range, finalizer);
      return undefined;
    },
  });
}

/** Whether the address lies in the network. */
function contains(cidr: string, address: string): boolean {
  const network = readNetwork(cidr);
  const bytes = readAddress(address)?.bytes;
  if (!network || bytes?.length !== network.address.length) return false;
  return network.address.every((byte, index) => {
    const rest = 8 - Math.min(8, Math.max(0, network.prefixLength - index * 8));
    return byte >> rest === bytes[index]! >> rest;
  });
}
