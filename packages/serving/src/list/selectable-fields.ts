import { badRequest, fieldSelectorOf, type FieldSelector } from '@skerry/api';

/** What a field selector may name of a kind, as `KindInfo` of `@skerry/api` says it. */
export interface Selectable {
  readonly group?: string;
  readonly version?: string;
  readonly kind?: string;
  /** Besides name and namespace. */
  readonly selectableFields: readonly string[];
}

const always = ['metadata.name', 'metadata.namespace'];
/** Kinds that have no namespace to be selected by; other cluster-scoped ones may be asked for one, and have none. */
const withoutNamespace = new Set([
  '/Namespace',
  '/Node',
  'certificates.k8s.io/CertificateSigningRequest',
  'resource.k8s.io/ResourceSlice',
]);
/** Kinds that are selected by nothing of their own, whatever their description says. */
const bare = new Set(['apps/ReplicaSet']);
/** Older names of fields. */
const aliases: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '/Pod': { 'spec.host': 'spec.nodeName' },
};

/**
 * The selector with every field under its own name.
 * @throws ApiError BadRequest for a field that the kind can't be selected by; the words differ from kind to kind.
 */
export function knownFields(
  selector: FieldSelector,
  kind: Selectable,
  { custom }: { readonly custom: boolean },
): FieldSelector {
  if (selector.empty) return selector;
  const id = `${kind.group ?? ''}/${kind.kind ?? ''}`;
  const own = bare.has(id) ? [] : kind.selectableFields;
  const known = new Set([...(withoutNamespace.has(id) ? ['metadata.name'] : always), ...own]);
  const renamed = renameFields(selector, aliases[id]);
  const other = renamed.requirements.find(({ field }) => !known.has(field))?.field;
  if (other === undefined) return renamed;
  if (own.length === 0 && !custom && !withoutNamespace.has(id)) {
    const listed = always.map((field) => JSON.stringify(field)).join(', ');
    throw badRequest(`${JSON.stringify(other)} is not a known field selector: only ${listed}`);
  }
  if (id === 'batch/Job') throw badRequest(`field label ${JSON.stringify(other)} not supported for Job`);
  if (id === 'resource.k8s.io/ResourceSlice') {
    const type = `${kind.group}/${kind.version}, Kind=${kind.kind}`;
    throw badRequest(`field label not supported for ${type}: ${other}`);
  }
  throw badRequest(`field label not supported: ${other}`);
}

function renameFields(
  selector: FieldSelector,
  names: Readonly<Record<string, string>> | undefined,
): FieldSelector {
  if (!names || !selector.requirements.some(({ field }) => Object.hasOwn(names, field))) return selector;
  return fieldSelectorOf(
    selector.requirements.map((each) =>
      Object.hasOwn(names, each.field) ? { ...each, field: names[each.field]! } : each,
    ),
  );
}
