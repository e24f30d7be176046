/** Finalizers that may clash with those of others: names without a domain and a path. */
import { type AnyObject, labelKeyFaults } from '@skerry/api';

const standard: ReadonlySet<string> = new Set(['orphan', 'foregroundDeletion', 'kubernetes']);

/** About the finalizers that a write adds. */
export function finalizerWarnings(object: AnyObject, old: AnyObject | undefined): string[] {
  const known = new Set(old?.metadata?.finalizers);
  const added = (object.metadata?.finalizers ?? []).filter((finalizer) => !known.has(finalizer));
  return [...new Set(added)].sort().flatMap((finalizer) => {
    const at = `metadata.finalizers: ${JSON.stringify(finalizer)}`;
    const warnings = labelKeyFaults(finalizer).map((why) => `${at}: ${why}`);
    if (finalizer.includes('/') || standard.has(finalizer)) return warnings;
    const path = finalizer.includes('.') ? ' including a path (/)' : '';
    return [
      ...warnings,
      `${at}: prefer a domain-qualified finalizer name${path} to avoid accidental conflicts with other finalizer writers`,
    ];
  });
}
