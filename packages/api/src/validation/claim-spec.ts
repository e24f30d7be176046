/** What a claim for storage asks for: of PersistentVolumeClaims, of templates of them, and of ephemeral volumes. */
import type { FieldError } from '#status.ts';
import type { PersistentVolumeClaimSpec, TypedObjectReference } from '#types.generated.ts';
import {
  checkOptionalChoice,
  checkReasons,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '#validation/faults.ts';
import { checkLabelSelector } from '#validation/label-selector.ts';
import { dnsLabelFaults, dnsSubdomainFaults } from '#validation/names.ts';
import { checkAmount, checkPositiveQuantity } from '#validation/resources.ts';

const accessModes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
export const volumeModes = ['Block', 'Filesystem'];

export interface ClaimOptions {
  /** What a changed claim already has may stay. */
  readonly anySelectorValues?: boolean;
  readonly anySourceGroup?: boolean;
}

export function checkClaimSpec(
  faults: FieldError[],
  spec: Partial<PersistentVolumeClaimSpec>,
  path: string,
  options: ClaimOptions = {},
): void {
  if (!spec.accessModes?.length)
    faults.push(required(`${path}.accessModes`, 'at least 1 access mode is required'));
  checkLabelSelector(faults, spec.selector, `${path}.selector`, { anyValues: options.anySelectorValues });
  checkAccessModes(faults, spec.accessModes, `${path}.accessModes`);
  const storage = `${path}.resources[storage]`;
  const size = spec.resources?.requests?.['storage'];
  if (size === undefined) faults.push(required(storage));
  else {
    const before = faults.length;
    checkPositiveQuantity(faults, size, storage);
    if (faults.length === before) checkAmount(faults, 'storage', size, storage);
  }
  const { storageClassName, volumeAttributesClassName } = spec;
  if (storageClassName)
    checkReasons(faults, `${path}.storageClassName`, storageClassName, dnsSubdomainFaults(storageClassName));
  checkOptionalChoice(faults, `${path}.volumeMode`, spec.volumeMode, volumeModes);
  checkSources(faults, spec, path, options);
  if (volumeAttributesClassName)
    checkReasons(
      faults,
      `${path}.volumeAttributesClassName`,
      volumeAttributesClassName,
      dnsSubdomainFaults(volumeAttributesClassName),
    );
}

export function checkAccessModes(
  faults: FieldError[],
  modes: readonly string[] | undefined,
  path: string,
): void {
  for (const mode of modes ?? [])
    if (!accessModes.includes(mode)) faults.push(notSupported(path, mode, accessModes));
  const shared = modes?.some((mode) => mode !== 'ReadWriteOncePod' && accessModes.includes(mode));
  if (shared && modes?.includes('ReadWriteOncePod'))
    faults.push(forbiddenField(path, 'may not use ReadWriteOncePod with other access modes'));
}

function checkSources(
  faults: FieldError[],
  { dataSource, dataSourceRef }: Partial<PersistentVolumeClaimSpec>,
  path: string,
  options: ClaimOptions,
): void {
  if (dataSource) checkSource(faults, dataSource, `${path}.dataSource`, options);
  if (dataSourceRef) checkSource(faults, dataSourceRef, `${path}.dataSourceRef`, options);
  if (!dataSource || !dataSourceRef) return;
  if (dataSourceRef.namespace)
    faults.push(
      invalidValue(
        path,
        `${path}.dataSource`,
        'may not be specified when dataSourceRef.namespace is specified',
      ),
    );
  else if (
    dataSource.apiGroup !== dataSourceRef.apiGroup ||
    dataSource.kind !== dataSourceRef.kind ||
    dataSource.name !== dataSourceRef.name
  )
    faults.push(invalidValue(path, {}, 'must match dataSourceRef'));
}

function checkSource(
  faults: FieldError[],
  source: TypedObjectReference,
  path: string,
  options: ClaimOptions,
): void {
  const { name, kind, apiGroup = '', namespace } = source;
  if (!name) faults.push(required(`${path}.name`));
  if (!kind) faults.push(required(`${path}.kind`));
  if (!apiGroup && kind !== 'PersistentVolumeClaim')
    faults.push(
      invalidValue(path, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup"),
    );
  if (apiGroup && !options.anySourceGroup)
    checkReasons(faults, `${path}.apiGroup`, apiGroup, dnsSubdomainFaults(apiGroup));
  if (namespace) checkReasons(faults, `${path}.namespace`, namespace, dnsLabelFaults(namespace));
}
