import type { Case, Step } from '../../case.ts';

/** Where kinds of a group are in the case's namespace. */
export const core = '/api/v1/namespaces/{{ns}}';
export const inGroup = (group: string) => `/apis/${group}/namespaces/{{ns}}`;

export const container = (more: object = {}) => ({ name: 'c', image: 'i', ...more });

/** A case of objects that are made one by one and kept by nobody. */
export function judged(name: string, path: string, objects: readonly object[]): Case {
  const steps = objects.map((body): Step => ({ method: 'POST', path: `${path}?dryRun=All`, body }));
  return { area: 'judged', name, namespace: true, steps };
}

/** A case of changes to one object, each made on what the one before it left. */
export function changed(
  name: string,
  path: string,
  object: { metadata: { name: string } },
  specs: readonly object[],
): Case {
  const steps = specs.map((spec): Step => ({
    method: 'PATCH',
    path: `${path}/${object.metadata.name}`,
    type: 'application/merge-patch+json',
    body: { spec },
  }));
  return { area: 'judged', name, namespace: true, steps: [{ method: 'POST', path, body: object }, ...steps] };
}
