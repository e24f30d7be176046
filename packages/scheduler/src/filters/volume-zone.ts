import type { PersistentVolume } from '@skerry/api';
import type { PrepareFilter } from '#filters/filter.ts';
import { rejection } from '#filters/filter.ts';

const otherZone = rejection('VolumeZone', 'node(s) had no available volume zone', false);

/** Old names of zone and region, and what they are called now. */
const topologyLabels: ReadonlyMap<string, string> = new Map([
  ['topology.kubernetes.io/zone', 'topology.kubernetes.io/zone'],
  ['topology.kubernetes.io/region', 'topology.kubernetes.io/region'],
  ['failure-domain.beta.kubernetes.io/zone', 'topology.kubernetes.io/zone'],
  ['failure-domain.beta.kubernetes.io/region', 'topology.kubernetes.io/region'],
]);

/** A volume that is labelled with zones or regions is used in those; a node that has none of the labels may have any. */
export const volumeZone: PrepareFilter = ({ claims, namespace }, { volumes }) => {
  const wanted = claims.flatMap(({ claimName }) => {
    const name = volumes.claim(namespace, claimName)?.spec?.volumeName;
    const volume = name ? volumes.volume(name) : undefined;
    return volume ? topologiesOf(volume) : [];
  });
  if (wanted.length === 0) return undefined;
  return ({ labels }) => {
    if (![...topologyLabels.keys()].some((key) => Object.hasOwn(labels, key))) return undefined;
    const fits = wanted.every(({ key, values }) => {
      const value = labels[key] ?? labels[topologyLabels.get(key) ?? ''];
      return value !== undefined && values.includes(value);
    });
    return fits ? undefined : otherZone;
  };
};

function topologiesOf({ metadata }: PersistentVolume): { key: string; values: string[] }[] {
  return Object.entries(metadata.labels ?? {})
    .filter(([key]) => topologyLabels.has(key))
    .map(([key, value]) => ({ key, values: value.split('__') }));
}
