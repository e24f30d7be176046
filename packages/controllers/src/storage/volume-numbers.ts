/** How many volumes and claims there are, under the names of stock clusters. */
import { storageClassOf } from '@skerry/api';
import type { PersistentVolume, PersistentVolumeClaim } from '@skerry/api';
import type { BinderCopies } from '#storage/binder-copies.ts';
import type { Metrics } from '#runtime/metrics.ts';

type Sample = (readonly [readonly string[], number])[];

export function volumeNumbers(metrics: Metrics) {
  let copies: BinderCopies | undefined;
  const sampled = (
    name: string,
    help: string,
    labels: readonly string[],
    sample: (of: BinderCopies) => Sample,
  ) =>
    metrics.sampled({ name: `pv_collector_${name}`, help, type: 'gauge', labels }, () =>
      copies ? sample(copies) : [],
    );
  const isBound = ({ status }: PersistentVolume | PersistentVolumeClaim) => status?.phase === 'Bound';
  const classOf = (volume: PersistentVolume) => [storageClassOf(volume)];
  const placeOf = (claim: PersistentVolumeClaim) => [
    claim.metadata.namespace ?? '',
    storageClassOf(claim),
    claim.spec?.volumeAttributesClassName ?? '',
  ];
  const of = 'Gauge measuring number of persistent volume';
  sampled('bound_pv_count', `${of} currently bound`, ['storage_class'], ({ volumes }) =>
    counted(volumes.list().filter(isBound), classOf),
  );
  sampled('unbound_pv_count', `${of} currently unbound`, ['storage_class'], ({ volumes }) =>
    counted(
      volumes.list().filter((volume) => !isBound(volume)),
      classOf,
    ),
  );
  const ofClaim = ['namespace', 'storage_class', 'volume_attributes_class'];
  sampled('bound_pvc_count', `${of} claim currently bound`, ofClaim, ({ claims }) =>
    counted(claims.list().filter(isBound), placeOf),
  );
  sampled('unbound_pvc_count', `${of} claim currently unbound`, ofClaim, ({ claims }) =>
    counted(
      claims.list().filter((claim) => !isBound(claim)),
      placeOf,
    ),
  );
  sampled(
    'total_pv_count',
    'Gauge measuring total number of persistent volumes',
    ['plugin_name', 'volume_mode'],
    ({ volumes }) =>
      counted(volumes.list(), (volume) => [pluginOf(volume), volume.spec?.volumeMode ?? 'Filesystem']),
  );
  const defaulted = metrics
    .counter({
      name: 'retroactive_storageclass_total',
      help: 'Total number of retroactive StorageClass assignments to persistent volume claim',
    })
    .with();
  const failed = metrics
    .counter({
      name: 'retroactive_storageclass_errors_total',
      help: 'Total number of failed retroactive StorageClass assignments to persistent volume claim',
    })
    .with();
  return {
    follow: (binder: BinderCopies) => void (copies = binder),
    classAssigned(result: 'success' | 'error') {
      defaulted.add();
      if (result === 'error') failed.add();
    },
  };
}

function counted<T>(all: readonly T[], labelsOf: (one: T) => string[]): Sample {
  const groups = Map.groupBy(all, (one) => JSON.stringify(labelsOf(one)));
  return [...groups].map(([labels, members]) => [JSON.parse(labels) as string[], members.length] as const);
}

/** As stock clusters call what serves a volume. */
function pluginOf({ spec }: PersistentVolume): string {
  if (spec?.csi) return `kubernetes.io/csi:${spec.csi.driver}`;
  if (spec?.local) return 'kubernetes.io/local-volume';
  if (spec?.hostPath) return 'kubernetes.io/host-path';
  return spec?.nfs ? 'kubernetes.io/nfs' : 'N/A';
}
