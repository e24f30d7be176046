import type { PersistentVolume } from '#types.generated.ts';
import { betaClassWarnings } from '#validation/claim-warnings.ts';
import { termWarnings } from '#validation/pod/pod-warnings.ts';

const mountOptionsAnnotation = 'volume.beta.kubernetes.io/mount-options';

/** Sources that no server mounts any more, in the order in which they are told. */
const goneSources = [
  ['cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['storageos', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['rbd', 'deprecated in v1.28, non-functional in v1.31+'],
] as const;

/** Where a warning calls a source other than its field. */
const toldAs: Readonly<Record<string, string>> = { storageos: 'storageOS' };

export function volumeWarnings({ metadata, spec = {} }: PersistentVolume): string[] {
  const terms = spec.nodeAffinity?.required?.nodeSelectorTerms ?? [];
  return [
    ...betaClassWarnings(metadata.annotations),
    ...(metadata.annotations?.[mountOptionsAnnotation] === undefined
      ? []
      : [
          `metadata.annotations[${mountOptionsAnnotation}]: deprecated since v1.31; use "mountOptions" attribute instead`,
        ]),
    ...(spec.persistentVolumeReclaimPolicy === 'Recycle'
      ? [
          'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
        ]
      : []),
    ...terms.flatMap((term, index) =>
      termWarnings(term, `spec.nodeAffinity.required.nodeSelectorTerms[${index}]`, { values: false }),
    ),
    ...goneSources.flatMap(([field, why]) => (spec[field] ? [`spec.${toldAs[field] ?? field}: ${why}`] : [])),
  ];
}
