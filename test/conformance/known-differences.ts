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

const metrics = 'metrics.k8s.io is served by the API server itself';

const knownDifferences: readonly KnownDifference[] = [
  {
    area: 'discovery',
    path: /^body\.(groups|items)\[20\]/,
    reason: metrics,
  },
  { area: 'openapi', path: /^body(\[\d+\]|\.(paths|schemas)\..*metrics)/, reason: metrics },
  {
    area: 'openapi',
    path: /^body\.schemas\..*\.(DeleteOptions|WatchEvent)/,
    reason: 'OpenAPI v2 names these of every group and version that is served, not of those that could be',
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
