import { canonicalQuantity } from '#quantity.ts';
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from '#types.generated.ts';
import { quoted } from '#validation/faults.ts';
import { hasFraction, quantityIn } from '#validation/resources.ts';

/** Of an amount of bytes that is no whole number. */
export function fractionWarning(text: string | undefined, path: string): string[] {
  const amount = quantityIn(text);
  if (text === undefined || !amount || !hasFraction(amount)) return [];
  return [`${path}: fractional byte value ${quoted(canonicalQuantity(text))} is invalid, must be an integer`];
}

export function claimSpecWarnings({ resources }: Partial<PersistentVolumeClaimSpec>, path: string): string[] {
  return (['requests', 'limits'] as const).flatMap((list) =>
    fractionWarning(resources?.[list]?.['storage'], `${path}.resources.${list}[storage]`),
  );
}

export const betaClassAnnotation = 'volume.beta.kubernetes.io/storage-class';
const deprecatedClass = 'deprecated since v1.8; use "storageClassName" attribute instead';

export function betaClassWarnings(annotations: Readonly<Record<string, string>> | undefined): string[] {
  return annotations?.[betaClassAnnotation] === undefined
    ? []
    : [`metadata.annotations[${betaClassAnnotation}]: ${deprecatedClass}`];
}

export function claimWarnings({ metadata, spec }: PersistentVolumeClaim): string[] {
  return [...betaClassWarnings(metadata.annotations), ...claimSpecWarnings(spec ?? {}, 'spec')];
}
