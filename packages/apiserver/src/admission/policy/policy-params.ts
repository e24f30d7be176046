/** The objects that a binding parameterizes its policy with. */
import { labelSelectorFrom, type AnyObject, type ParamKind, type ParamRef } from '@skerry/api';
import { shownItem } from '#registry/conversion.ts';
import type { KindTable, Served } from '#registry/kind-table.ts';

/** Why a policy or a binding can't be applied as it is configured. */
export class ConfigurationFault extends Error {
  override readonly name = 'ConfigurationFault';
}

/** The kind of a policy's params. Throws a ConfigurationFault for one that isn't served. */
export function paramKindOf(kinds: KindTable, { apiVersion = '', kind = '' }: ParamKind): Served {
  const found = kinds
    .allStored()
    .find(
      ({ info }) =>
        info.kind === kind && apiVersion === (info.group ? `${info.group}/${info.version}` : info.version),
    );
  if (found) return found;
  const shown = apiVersion.includes('/') ? apiVersion : `/${apiVersion}`;
  throw new ConfigurationFault(`failed to find resource referenced by paramKind: '${shown}, Kind=${kind}'`);
}

/** One `undefined`: the policy is applied once, without params. None: it isn't applied. */
export async function paramsOf(
  served: Served | undefined,
  ref: ParamRef | undefined,
  namespace: string,
): Promise<readonly (AnyObject | undefined)[]> {
  if (!served || !ref) return [undefined];
  const place = placeOf(served, ref, namespace);
  const { cache } = served.stored;
  const items = ref.name
    ? [cache.get(place ?? '', ref.name)].flatMap((item) => item ?? [])
    : cache.list({ namespace: place }, { labelSelector: labelSelectorFrom(ref.selector ?? {}) });
  if (items.length === 0 && ref.parameterNotFoundAction === 'Deny') {
    throw new ConfigurationFault('no params found for policy binding with `Deny` parameterNotFoundAction');
  }
  return Promise.all(items.map((item) => shownItem(served, item)));
}

function placeOf(served: Served, ref: ParamRef, namespace: string): string | undefined {
  if (!served.info.namespaced) {
    if (!ref.namespace) return undefined;
    throw new ConfigurationFault('paramRef.namespace must not be provided for a cluster-scoped `paramKind`');
  }
  const place = ref.namespace || namespace;
  if (place) return place;
  throw new ConfigurationFault(
    'cannot use namespaced paramRef in policy binding that matches cluster-scoped resources',
  );
}
