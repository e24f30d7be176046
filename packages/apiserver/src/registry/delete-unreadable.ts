/**
 * Deletes an object whose stored value does not open, when the request says so with
 * `ignoreStoreReadErrorWithClusterBreakingPotential` and its user may `unsafe-delete-ignore-read-errors`. Nothing of the
 * object is known, so finalizers, preconditions and admission have no say, and whatever depended on it is left alone.
 * https://kubernetes.io/docs/concepts/architecture/garbage-collection/
 */
import { forbidden, invalid, notFound, type Status } from '@skerry/api';
import type { Served } from '#registry/kind-table.ts';
import type { Registry, Target } from '#registry/registry.ts';
import type { WriteOptions } from '#registry/write-options.ts';
import type { Authorizer } from '#security.ts';

export const ignoreReadErrors = 'ignoreStoreReadErrorWithClusterBreakingPotential';

export async function deleteUnreadable(
  registry: Registry,
  served: Served,
  target: Target,
  parts: { readonly write: WriteOptions; readonly authorizer: Authorizer },
): Promise<Status> {
  const { info, stored } = served;
  const { write, authorizer } = parts;
  write.auditAnnotations.add('apiserver.k8s.io/unsafe-delete-ignore-read-error', '');
  checkOptions(write.options);
  const verb = 'unsafe-delete-ignore-read-errors';
  const { group, version, resource } = info;
  const decision = await authorizer.authorize({
    user: write.user,
    verb,
    group,
    version,
    resource,
    ...target,
  });
  if (!decision.allowed) {
    throw forbidden(info, target.name, `not permitted to do "${verb}", reason: ${decision.reason}`);
  }
  await registry.fresh();
  const found = stored.values.unreadableAt(stored.key(target.namespace, target.name));
  if (!found) {
    if (!stored.cache.get(target.namespace, target.name)) throw notFound(info, target.name);
    throw invalid({ group, kind: resource }, target.name, [
      fault('is exclusively used to delete corrupt object(s), try again by removing this option'),
    ]);
  }
  await registry.removeUnreadable(served, target, found.revision);
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { name: target.name, ...(group ? { group } : {}), kind: resource },
    code: 200,
  };
}

function checkOptions(options: Readonly<Record<string, unknown>>): void {
  const given = ['dryRun', 'propagationPolicy', 'orphanDependents', 'gracePeriodSeconds', 'preconditions'];
  const faults = given
    .filter((name) => options[name] !== undefined && options[name] !== null)
    .map((name) => fault(`cannot be set together with .${name}`));
  if (faults.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', faults);
}

function fault(why: string) {
  return {
    reason: 'FieldValueInvalid' as const,
    path: ignoreReadErrors,
    message: `Invalid value: true: ${why}`,
  };
}
