/**
 * An EndpointSlice as it would be if the center knew what the machines of the pool know: a pod's own machine is believed about
 * the pod's addresses and readiness. Endpoints stay those of the center's selection; only it decides which pods a Service has.
 * Pure.
 */
import { isIP } from 'node:net';
import type { Endpoint, EndpointSlice } from '@skerry/api';
import type { PodWord } from './local-knowledge.ts';

export interface SliceView {
  /** Of the Service that the slice is of. */
  readonly publishNotReadyAddresses: boolean;
  podOn(node: string, uid: string): PodWord | undefined;
  isSilent(node: string): boolean;
}

const managedByLabel = 'endpointslice.kubernetes.io/managed-by';
const sliceController = 'endpointslice-controller.k8s.io';

/** The very same object where nothing differs. */
export function localSlice(slice: EndpointSlice, view: SliceView): EndpointSlice {
  // What somebody wrote by hand means what he says.
  if (slice.metadata.labels?.[managedByLabel] !== sliceController) return slice;
  const family = slice.addressType === 'IPv6' ? 6 : 4;
  let differs = false;
  const endpoints = (slice.endpoints ?? []).flatMap((endpoint): Endpoint[] => {
    const local = localEndpoint(endpoint, family, view);
    if (local !== endpoint) differs = true;
    return local ? [local] : [];
  });
  return differs ? { ...slice, endpoints } : slice;
}

function localEndpoint(endpoint: Endpoint, family: 4 | 6, view: SliceView): Endpoint | undefined {
  const { nodeName, targetRef, conditions } = endpoint;
  // Whoever is being deleted is so by the center's word, which is the last one on that.
  if (!nodeName || targetRef?.kind !== 'Pod' || !targetRef.uid || conditions?.terminating) return endpoint;
  const word = view.podOn(nodeName, targetRef.uid);
  if (view.isSilent(nodeName)) return withConditions(endpoint, { ready: false, serving: false });
  if (!word) return endpoint;
  if (word.hasEnded) return undefined;
  const addresses = word.addresses.filter((address) => isIP(address) === family);
  const isThere = addresses.length > 0;
  const serving = isThere && word.isReady;
  const ready = isThere && (view.publishNotReadyAddresses || (serving && !word.isTerminating));
  const now = withConditions(endpoint, { ready, serving, terminating: word.isTerminating });
  const [address = endpoint.addresses[0] ?? ''] = addresses;
  return address === endpoint.addresses[0] ? now : { ...now, addresses: [address] };
}

function withConditions(
  endpoint: Endpoint,
  wanted: { readonly ready: boolean; readonly serving: boolean; readonly terminating?: boolean },
): Endpoint {
  const { ready = true, serving = ready, terminating = false } = endpoint.conditions ?? {};
  const now = { terminating, ...wanted };
  const isSame = ready === now.ready && serving === now.serving && terminating === now.terminating;
  return isSame ? endpoint : { ...endpoint, conditions: { ...endpoint.conditions, ...now } };
}
