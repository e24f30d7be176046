import type { PrepareFilter } from '#filters/filter.ts';
import { rejection } from '#filters/filter.ts';

const taken = rejection(
  'VolumeRestrictions',
  'node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod',
  true,
);

/** A claim of mode ReadWriteOncePod is one pod's at a time, wherever that runs. */
export const volumeRestrictions: PrepareFilter = (info, snapshot) => {
  const exclusive = info.claims
    .filter(({ claimName }) =>
      snapshot.volumes.claim(info.namespace, claimName)?.spec?.accessModes?.includes('ReadWriteOncePod'),
    )
    .map(({ claimName }) => `${info.namespace}/${claimName}`);
  if (exclusive.length === 0) return undefined;
  return () =>
    exclusive.some((claim) => [...snapshot.claimUsers(claim)].some(({ key }) => key !== info.key))
      ? taken
      : undefined;
};
