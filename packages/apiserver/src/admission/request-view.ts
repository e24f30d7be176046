/**
 * A request as webhooks and policies are shown it: in the version that they ask for, and, while a new object is still being
 * changed, without what the server gives it only afterwards.
 */
import type { AnyObject } from '@skerry/api';
import { convertBetween, equivalentsOf } from '#registry/conversion.ts';
import type { KindTable, Served } from '#registry/kind-table.ts';
import { metadataOf } from '#registry/registry.ts';
import type { RequestedResource } from '#admission/resource-rules.ts';
import type { AdmissionContext } from '#security.ts';

export interface Kind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** What a request is shown as: itself, or an equivalent of it. */
export interface ShownAs {
  readonly kind: Kind;
  readonly resource: { readonly group: string; readonly version: string; readonly resource: string };
  /** Set where the object must be converted. */
  readonly converts?: { readonly from: Served; readonly to: Served };
}

/** The kind of the object that a request carries: of `scale` that is a Scale. */
export function requestKind(ctx: AdmissionContext): Kind {
  return bodyKind(ctx.kind, ctx.subresource);
}

function bodyKind(info: AdmissionContext['kind'], subresource: string): Kind {
  const body = info.subresources.find(({ name }) => name === subresource)?.body;
  const { group, version, kind } = body ?? info;
  return { group, version, kind };
}

/** The request as rules see it. */
export function requestedResource(ctx: AdmissionContext): RequestedResource {
  const { group, version } = ctx.kind;
  const { resource, subresource, operation } = ctx;
  return { group, version, resource, subresource, operation, namespace: namespaceOf(ctx) };
}

/** A Namespace is within itself. */
export function namespaceOf({ kind, resource, namespace, name }: AdmissionContext): string {
  return kind.group === '' && resource === 'namespaces' ? name : namespace;
}

export function asRequested(ctx: AdmissionContext): ShownAs {
  const { group, version } = ctx.kind;
  return { kind: requestKind(ctx), resource: { group, version, resource: ctx.resource } };
}

/** The other ways to show the request. */
export function equivalents(kinds: KindTable, ctx: AdmissionContext): ShownAs[] {
  const { group, version } = ctx.kind;
  const served = kinds.stored(group, version, ctx.resource);
  if (!served) return [];
  return equivalentsOf(kinds, served).flatMap((other): ShownAs[] => {
    const { info } = other;
    const described = info.subresources.find(({ name }) => name === ctx.subresource);
    if (ctx.subresource !== '' && !described) return [];
    return [
      {
        kind: bodyKind(info, ctx.subresource),
        resource: { group: info.group, version: info.version, resource: info.resource },
        ...(described?.body ? {} : { converts: { from: served, to: other } }),
      },
    ];
  });
}

export async function shownObject(
  { converts }: ShownAs,
  object: AnyObject | undefined,
): Promise<AnyObject | undefined> {
  return object && converts ? convertBetween(converts.from, converts.to, object) : object;
}

/** Fields of a new object that the server fills in only after it has been changed. */
const filledLater = ['uid', 'creationTimestamp', 'generation'] as const;

/** The object of a create before its storage, without what is filled in later; and how to put that back. */
export function unfilled(ctx: AdmissionContext): {
  object: AnyObject | undefined;
  restore(next: AnyObject): void;
} {
  const { object } = ctx;
  if (!object || ctx.operation !== 'CREATE' || ctx.subresource !== '')
    return { object, restore: () => undefined };
  const before = { ...metadataOf(object) };
  const metadata: AnyObject['metadata'] = { ...before };
  for (const field of filledLater) delete metadata[field];
  if (ctx.nameGenerated) delete metadata.name;
  return {
    object: { ...object, metadata },
    restore(next) {
      const meta = metadataOf(next);
      for (const field of filledLater) Object.assign(meta, { [field]: before[field] });
      if (before.generation === undefined) delete meta.generation;
      meta.name ||= before.name;
    },
  };
}

/** As it goes over the wire, where fields that are undefined are not. */
export function inJson(object: AnyObject | undefined): AnyObject | undefined {
  return object && (JSON.parse(JSON.stringify(object)) as AnyObject);
}

/** The kind whose object the request carries; undefined for bodies of another kind: a Scale, an Eviction. */
export function ownKindServed(kinds: KindTable, ctx: AdmissionContext): Served | undefined {
  const { group, version, kind } = requestKind(ctx);
  if (kind !== ctx.kind.kind || group !== ctx.kind.group) return undefined;
  return kinds.stored(group, version, ctx.resource);
}

/** Makes `target` what `next` is, in place. */
export function becomes(target: AnyObject, next: AnyObject): void {
  if (target === next) return;
  for (const field of Object.keys(target)) delete target[field];
  Object.assign(target, next);
}
