/**
 * DaemonSets between v1alpha1 and v1beta1. They differ in three places: the type Surging, which became Standard with
 * maxSurge; an annotation that became `scaleStrategy.partitionedScaling`; and the name of the newest revision in the status.
 */
import type { AnyObject, KubeObject } from '@skerry/api';
import {
  progressiveCreationAnnotation,
  type AdvancedDaemonSet,
  type AdvancedDaemonSetStatus,
} from '#kruise/kinds/daemon-set.ts';
import { kruiseGroup } from '#kruise/kinds/refs.ts';

type OlderStatus = AdvancedDaemonSetStatus & { daemonSetHash?: string };
type Either = KubeObject & { spec?: AdvancedDaemonSet['spec']; status?: OlderStatus };

const older = `${kruiseGroup}/v1alpha1`;
const newer = `${kruiseGroup}/v1beta1`;

export class UnknownConversionError extends Error {
  override readonly name = 'UnknownConversionError';
}

/** A copy in another version. @throws UnknownConversionError */
export function convertDaemonSet(object: KubeObject, apiVersion: string): KubeObject {
  const known = [older, newer];
  if (
    object.kind !== 'DaemonSet' ||
    !known.includes(object.apiVersion ?? '') ||
    !known.includes(apiVersion)
  ) {
    throw new UnknownConversionError(
      `no conversion of ${object.kind ?? ''} from ${object.apiVersion ?? ''} to ${apiVersion}`,
    );
  }
  const copy = structuredClone(object) as AnyObject as Either;
  if (copy.apiVersion === apiVersion) return copy;
  copy.apiVersion = apiVersion;
  if (apiVersion === newer) becomeNewer(copy);
  else becomeOlder(copy);
  return copy;
}

function becomeNewer({ metadata, spec, status }: Either): void {
  const rolling = spec?.updateStrategy?.rollingUpdate;
  if (rolling?.rollingUpdateType === 'Surging') rolling.rollingUpdateType = 'Standard';
  if (spec && metadata?.annotations?.[progressiveCreationAnnotation] === 'true')
    spec.scaleStrategy = { partitionedScaling: true };
  if (status?.daemonSetHash !== undefined) {
    status.updateRevision = status.daemonSetHash;
    delete status.daemonSetHash;
  }
}

function becomeOlder({ metadata, spec, status }: Either): void {
  if (metadata && spec?.scaleStrategy?.partitionedScaling)
    metadata.annotations = { ...metadata.annotations, [progressiveCreationAnnotation]: 'true' };
  delete spec?.scaleStrategy;
  if (status?.updateRevision !== undefined) {
    status.daemonSetHash = status.updateRevision;
    delete status.updateRevision;
  }
}
