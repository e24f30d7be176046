/** Where we differ from the real server on purpose, or knowingly: by case and field, each with its reason. */
import type { Case } from './case.ts';
import type { Difference } from './compare.ts';

interface KnownDifference {
  readonly area?: string;
  /** Of the case; any unless told. */
  readonly name?: RegExp;
  /** Of the field: `body.metadata.name`; any unless told. */
  readonly path?: RegExp;
  readonly reason: string;
}

const knownDifferences: readonly KnownDifference[] = [
  {
    area: 'discovery',
    path: /^body\.(groups|items)\[20\]/,
    reason: 'metrics.k8s.io is served by the API server itself',
  },
];

export function knownReason({ area, name }: Case, { path }: Difference): string | undefined {
  return knownDifferences.find(
    (known) =>
      (known.area === undefined || known.area === area) &&
      (known.name?.test(name) ?? true) &&
      (known.path?.test(path) ?? true),
  )?.reason;
}
