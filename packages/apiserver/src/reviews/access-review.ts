/**
 * What the access reviews ask, checked and read. Faults come under a kind without a name, as upstream answers them.
 * https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/
 */
import { ApiError, type FieldError, invalid, type ObjectMeta } from '@skerry/api';
import type { AuthorizationAttributes, UserInfo } from '#security.ts';
import {
  readFieldSelector,
  readLabelSelector,
  selectorFaults,
  type SelectorAttributes,
} from '#reviews/selector-attributes.ts';

export interface AccessSpec {
  readonly user?: string;
  readonly groups?: readonly string[];
  readonly uid?: string;
  readonly extra?: Readonly<Record<string, readonly string[]>>;
  readonly resourceAttributes?: ResourceAttributes;
  readonly nonResourceAttributes?: { readonly verb?: string; readonly path?: string };
}

interface ResourceAttributes {
  readonly verb?: string;
  readonly group?: string;
  readonly version?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly fieldSelector?: SelectorAttributes;
  readonly labelSelector?: SelectorAttributes;
}

/** Of whom it is asked: of the one who asks, of anyone, or of anyone within one namespace. */
export type Scope = 'self' | 'cluster' | 'local';

/** Throws 422. */
export function checkAccessSpec(spec: AccessSpec, metadata: ObjectMeta, scope: Scope): void {
  const { resourceAttributes: resource, nonResourceAttributes: path } = spec;
  const faults: FieldError[] = [];
  if (resource && path) {
    faults.push(
      fault(
        'spec.nonResourceAttributes',
        shown(path),
        'cannot be specified in combination with resourceAttributes',
      ),
    );
  }
  if (!resource && !path) {
    faults.push(
      fault(
        'spec.resourceAttributes',
        'null',
        'exactly one of nonResourceAttributes or resourceAttributes must be specified',
      ),
    );
  }
  if (scope !== 'self' && !spec.user && !spec.groups?.length) {
    faults.push(fault('spec.user', '""', 'at least one of user or group must be specified'));
  }
  const at = 'spec.resourceAttributes';
  faults.push(
    ...selectorFaults(resource?.fieldSelector, `${at}.fieldSelector`, { labels: false }),
    ...selectorFaults(resource?.labelSelector, `${at}.labelSelector`, { labels: true }),
    ...metadataFaults(metadata, scope),
  );
  if (scope === 'local') {
    const namespace = resource?.namespace ?? '';
    if (resource && namespace !== metadata.namespace) {
      faults.push(fault(`${at}.namespace`, JSON.stringify(namespace), 'must match metadata.namespace'));
    }
    if (path) {
      faults.push(fault('spec.nonResourceAttributes', shown(path), 'disallowed on this kind of request'));
    }
  }
  if (faults.length > 0) throw namelessInvalid(faults);
}

function metadataFaults(metadata: ObjectMeta, scope: Scope): FieldError[] {
  const { namespace, managedFields: _managed, ...rest } = metadata;
  if (Object.keys(rest).length === 0) return [];
  const why = scope === 'local' ? 'must be empty except for namespace' : 'must be empty';
  return [fault('metadata', JSON.stringify({ ...rest, ...(namespace ? { namespace } : {}) }), why)];
}

function namelessInvalid(faults: readonly FieldError[]): ApiError {
  const error = invalid({ group: 'authorization.k8s.io', kind: '' }, '', faults);
  const { kind: _kind, name: _name, ...details } = error.status.details ?? {};
  return new ApiError('Invalid', error.message, { details });
}

/** The question to the authorizer, and what of it could not be read. */
export function accessAttributes(
  user: UserInfo,
  spec: AccessSpec,
): { readonly attributes: AuthorizationAttributes; readonly evaluationError?: string } {
  const { resourceAttributes: resource, nonResourceAttributes: path } = spec;
  if (!resource) return { attributes: { user, verb: path?.verb ?? '', path: path?.path ?? '' } };
  const field = readFieldSelector(resource.fieldSelector);
  const label = readLabelSelector(resource.labelSelector);
  const errors = [field.evaluationError, label.evaluationError].filter((each) => each !== undefined);
  return {
    attributes: {
      user,
      verb: resource.verb ?? '',
      group: resource.group ?? '',
      version: resource.version || '*',
      resource: resource.resource ?? '',
      subresource: resource.subresource ?? '',
      namespace: resource.namespace ?? '',
      name: resource.name ?? '',
      fieldSelector: field.text,
      labelSelector: label.text,
    },
    ...(errors.length > 0 ? { evaluationError: errors.join('; ') } : {}),
  };
}

/** As Go shows it, with its own names of the fields. */
function shown({ verb = '', path = '' }: { readonly verb?: string; readonly path?: string }): string {
  return JSON.stringify({ Path: path, Verb: verb });
}

function fault(path: string, value: string, why: string): FieldError {
  return { reason: 'FieldValueInvalid', path, message: `Invalid value: ${value}: ${why}` };
}
