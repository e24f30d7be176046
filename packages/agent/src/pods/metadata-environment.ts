/**
 * Containers that read labels or annotations of their pod into their environment, which is fixed at their start. Where an
 * update in place asks for it, they are started anew when what they have read has changed; otherwise, as everywhere, they
 * keep what they read. The request is OpenKruise's, `updateEnvFromMetadata` in the state that it notes on the pod.
 * https://openkruise.io/docs/core-concepts/inplace-update#use-case-update-pod-metadata-and-the-container-env-from-the-metadata
 */
import { createHash } from 'node:crypto';
import type { Container, Pod } from '@skerry/api';
import { fieldValue } from '#pods/fields.ts';
import { annotation } from '#pods/labels.ts';
import type { ContainerStatus } from '#runtime.ts';

const stateAnnotation = 'apps.kruise.io/inplace-update-state';
const request = '"updateEnvFromMetadata":true';
const metadataField = /^metadata\.(labels|annotations)\['.*'\]$/;

/** Of what the container reads, as it is now; undefined where it reads nothing. */
export function metadataHash(pod: Pod, { env = [] }: Container): string | undefined {
  const facts = { pod, hostAddresses: [], podAddresses: [] };
  const read = env.flatMap(({ name, valueFrom }) => {
    const path = valueFrom?.fieldRef?.fieldPath ?? '';
    return metadataField.test(path) ? [[name, fieldValue(facts, path)]] : [];
  });
  if (read.length === 0) return undefined;
  return createHash('sha256').update(JSON.stringify(read)).digest('hex').slice(0, 8);
}

/** Whether a container that runs has read something else than it would now, and the pod asks to put that right. */
export function hasStaleEnvironment(pod: Pod, container: Container, status: ContainerStatus): boolean {
  const known = status.annotations[annotation.metadataHash];
  if (!known || !pod.metadata.annotations?.[stateAnnotation]?.includes(request)) return false;
  return known !== metadataHash(pod, container);
}
