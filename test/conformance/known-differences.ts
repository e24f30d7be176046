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
    name: / (APIService|CustomResourceDefinition|FlowSchema|ResourceQuota|ValidatingAdmissionPolicy): /,
    path: /\.(status\b|cells|metadata\.(resourceVersion|managedFields|finalizers|generation|deletion))/,
    reason: 'either server writes the status of these in the background, at a time of its own',
  },
  {
    area: 'update',
    name: / (APIService|CustomResourceDefinition|FlowSchema|ResourceQuota|ValidatingAdmissionPolicy): /,
    reason: 'whether a PUT is overtaken by what the server writes in the background is a matter of time',
  },
  {
    area: 'delete',
    name: / CustomResourceDefinition: /,
    reason: 'a definition without instances goes at once, where a stock server finishes it in the background',
  },
  {
    area: 'table',
    name: / (DaemonSet|HorizontalPodAutoscaler): /,
    path: /metadata\.(annotations|managedFields)/,
    reason: 'the metadata in a Table is that of the object, where a stock server shows that of its own form',
  },
  {
    area: 'table',
    name: / IPAddress: /,
    path: /columnDefinitions/,
    reason: 'the age of an IPAddress has a column of its own',
  },
  {
    area: 'patch-merge',
    name: /^bodies that fail$/,
    path: /message$/,
    reason: 'a patch that changes the kind is refused for that, and not for what the new kind would not have',
  },
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
