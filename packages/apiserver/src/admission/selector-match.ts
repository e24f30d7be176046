/** Whether a request is one of those that namespaceSelector and objectSelector single out. */
import {
  type ApiError,
  isApiError,
  notFound,
  type AnyObject,
  type Namespace,
  type Selector,
} from '@skerry/api';
import { namespaceOf } from '#admission/request-view.ts';
import type { AdmissionContext, ObjectReader } from '#security.ts';

const namespaces = { group: '', resource: 'namespaces' };

/** The namespace of a request: of the write of a Namespace that one itself. Undefined for cluster scope. Throws 404. */
export function namespaceObject(read: ObjectReader, ctx: AdmissionContext): Namespace | undefined {
  const name = namespaceOf(ctx);
  const writesIt = ctx.kind.group === '' && ctx.resource === 'namespaces' && ctx.subresource === '';
  if (writesIt && ctx.object) return ctx.object as unknown as Namespace;
  if (name === '') return undefined;
  const found = read.get<Namespace>(namespaces, name);
  if (!found) throw notFound(namespaces, name);
  return found;
}

/** As policies see it: a Namespace is in none. Throws 404. */
export function policyNamespace(read: ObjectReader, ctx: AdmissionContext): Namespace | undefined {
  if (ctx.namespace === '' || (ctx.kind.group === '' && ctx.resource === 'namespaces')) return undefined;
  return namespaceObject(read, ctx);
}

/** Objects of the cluster, but Namespaces, are in no namespace that could be excepted. */
export function namespaceMatches(read: ObjectReader, selector: Selector, ctx: AdmissionContext): boolean {
  if (selector.empty) return true;
  const isNamespace = ctx.kind.group === '' && ctx.resource === 'namespaces';
  if (!isNamespace && ctx.namespace === '') return true;
  return selector.matches(namespaceObject(read, ctx)?.metadata?.labels);
}

/** Either state of the object is enough. */
export function objectMatches(selector: Selector, { object, oldObject }: AdmissionContext): boolean {
  return selector.empty || labelled(selector, object) || labelled(selector, oldObject);
}

function labelled(selector: Selector, object: AnyObject | undefined): boolean {
  // Options of a connection are objects without metadata.
  return object?.metadata !== undefined && selector.matches(object.metadata.labels);
}

/** A namespace that isn't there is an error only for who turns out to be concerned: it is handed back instead of thrown. */
export function attempt(match: () => boolean): boolean | ApiError {
  try {
    return match();
  } catch (error) {
    if (isApiError(error)) return error;
    throw error;
  }
}
