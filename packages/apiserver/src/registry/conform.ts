import {
  badRequest,
  builtinKinds,
  cloneJson,
  decodeObject,
  invalid,
  invalidValue,
  kindOf,
  pruneNulls,
  pruneUnknown,
  type AnyObject,
} from '@skerry/api';
import { apiVersionOf } from '@skerry/serving';
import type { Served } from '#registry/kind-table.ts';
import { customEnvelope, schemaOf } from '#registry/rules.ts';
import { strictWarnings } from '#registry/strict-warnings.ts';
import type { FieldValidation } from '#registry/write-options.ts';

export interface Conformance {
  readonly validation: FieldValidation;
  readonly warnings: string[];
  /** What was found in the text of the body: `duplicate field "spec.replicas"`. */
  readonly earlierFaults?: readonly string[];
  /** Compares two faults by where they stand in that text. */
  readonly order?: (a: string, b: string) => number;
  /** The stored object that the value was made from, of which it may hold parts. */
  readonly known?: AnyObject;
  /** Of a custom resource, nulls of what may not be null stay, to be refused: what is applied is not read anew. */
  readonly keepsNulls?: boolean;
}

/** What of a kind says how its objects look. */
export interface ConformedKind extends Pick<Served, 'schemas' | 'custom'> {
  readonly info: Pick<Served['info'], 'group' | 'version' | 'kind' | 'schema'>;
}

/**
 * A decoded body as an object of the kind: right `apiVersion` and `kind`, known fields only, of the right types. The value
 * given is left alone. Throws 400; what a schema's values may be is validated later.
 */
export function conform(served: ConformedKind, value: unknown, how: Conformance): AnyObject {
  const { kind, version } = served.info;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badRequest(`the request body is no object of kind ${kind}`);
  }
  if (served.custom) return conformCustom(served, value, how);
  const { object, warnings } = decodeObject(served.schemas, { ref: served.info.schema }, value, {
    mode: how.validation,
    kind,
    version,
    earlierFaults: how.earlierFaults,
    order: how.order,
    known: how.known,
  });
  how.warnings.push(...strictWarnings(warnings));
  const result = object as AnyObject;
  checkKind(served, result);
  result.metadata ??= {};
  return result;
}

/** What is held against the text comes first, then what the metadata, then what the object has too much. */
function conformCustom(served: ConformedKind, value: unknown, how: Conformance): AnyObject {
  const mode = how.validation === 'Ignore' ? 'Ignore' : 'Warn';
  const { object, warnings } = decodeObject(served.schemas, customEnvelope, value, { mode, ...served.info });
  checkKind(served, object);
  // Pruning works in place, and the envelope shares what lies below the top with the body.
  const result: AnyObject = cloneJson(object);
  result.metadata ??= {};
  if (!how.keepsNulls) pruneNulls(served.schemas, schemaOf(served), result);
  const gone = pruneUnknown(served.schemas, schemaOf(served), result, { root: true });
  if (how.validation === 'Ignore') return result;
  const texts = [
    ...(how.earlierFaults ?? []),
    ...warnings,
    ...gone.sort().map((path) => `unknown field "${path}"`),
  ];
  if (texts.length > 0 && how.validation === 'Strict') {
    const { kind, version } = served.info;
    throw badRequest(
      `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: strict decoding error: ${texts.join(', ')}`,
    );
  }
  how.warnings.push(...strictWarnings(texts));
  return result;
}

/** Why an object was refused, without what says that it came from a client. */
export function plainReason(message: string): string {
  return message.replace(/^\S* in version "[^"]*" cannot be handled as a \S*: /, '');
}

/** What a stock server calls the table of its types when it doesn't find one in there. */
const schemeName = 'pkg/api/legacyscheme/scheme.go:30';

function checkKind(served: ConformedKind, object: AnyObject): void {
  const expected = apiVersionOf(served.info);
  const apiVersion = object.apiVersion || (served.custom ? '' : expected);
  const kind = object.kind || served.info.kind;
  if (apiVersion === expected && kind === served.info.kind) return;
  const version = apiVersion.split('/').at(-1);
  const because = (why: string) =>
    badRequest(
      `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${served.info.kind}: ${why}`,
    );
  if (served.custom && kind !== served.info.kind)
    throw invalid({ group: served.info.group, kind }, object.metadata?.name ?? '', [
      invalidValue('kind', kind, `must be ${served.info.kind}`),
    ]);
  if (!served.custom && !isRegistered(apiVersion, kind))
    throw because(
      `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme ${JSON.stringify(schemeName)}`,
    );
  if (kind !== served.info.kind)
    throw because(
      `converting (${version}.${kind}) to (${packageOf(served)}.${served.info.kind}): unknown conversion`,
    );
  throw badRequest(
    `the API version in the data (${apiVersion}) does not match the expected API version (${expected})`,
  );
}

/** Types of bodies that are no kinds with a resource of their own. */
const bodyKinds = new Set(
  builtinKinds.flatMap(({ subresources }) =>
    subresources.flatMap(({ body }) => (body ? [`${apiVersionOf(body)} ${body.kind}`] : [])),
  ),
);

function isRegistered(apiVersion: string, kind: string): boolean {
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  return kindOf(group, version, kind) !== undefined || bodyKinds.has(`${apiVersion} ${kind}`);
}

/** Where a stock server has the kind's own form: `core`, `apps`, `rbac`. */
function packageOf({ info }: ConformedKind): string {
  return info.group === '' || info.group === 'events.k8s.io' ? 'core' : info.group.split('.')[0]!;
}
