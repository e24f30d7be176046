/**
 * Checks the expressions of validating policies against the kinds that they are about, and says in their status what does not
 * fit: a field that isn't there, a comparison that can't be. Nothing is refused for it: kinds may yet change.
 * https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/#type-checking
 */
import {
  equalJson,
  isApiError,
  type AnyObject,
  type ExpressionWarning,
  type KindInfo,
  type SchemaSet,
  type ValidatingAdmissionPolicy,
} from '@skerry/api';
import { describeError, type Logger } from '@skerry/base';
import { Composition, type Declared, declaredOf } from '@skerry/cel';
import { compileExpression } from '#admission/expressions/compiled-expression.ts';
import { typedEnvironment } from '#admission/expressions/environment.ts';
import type { KindTable } from '#registry/kind-table.ts';
import { metadataOf } from '#registry/registry.ts';
import { schemaOf } from '#registry/rules.ts';
import type { ObjectReader, ObjectWriter } from '#security.ts';

const policies = { group: 'admissionregistration.k8s.io', resource: 'validatingadmissionpolicies' };
const owner = {
  manager: 'validatingadmissionpolicy-status',
  subresource: 'status',
  applies: true,
} as const;
/** Kinds that one policy is checked against. */
const kindsMax = 10;

export interface TypeCheckingParts {
  readonly read: ObjectReader;
  readonly write: ObjectWriter;
  readonly kinds: KindTable;
  readonly log: Logger;
}

export class TypeChecking {
  readonly #parts: TypeCheckingParts;
  readonly #pending = new Set<string>();
  #working: Promise<void> | undefined;
  #stopListening: (() => void) | undefined;

  constructor(parts: TypeCheckingParts) {
    this.#parts = parts;
  }

  start(): void {
    const { read } = this.#parts;
    const look = (object: AnyObject) => {
      this.#pending.add(metadataOf(object).name ?? '');
      this.#working ??= this.#work();
    };
    this.#stopListening = read.onChange(policies, ({ object }) => look(object));
    for (const object of read.list(policies)) look(object);
  }

  async stop(): Promise<void> {
    this.#stopListening?.();
    this.#pending.clear();
    await this.#working;
  }

  async #work(): Promise<void> {
    // After the round that told of the change.
    await Promise.resolve();
    for (const name of this.#pending) {
      this.#pending.delete(name);
      try {
        await this.#bring(name);
      } catch (error) {
        // Whoever was faster is heard of in turn.
        if (isApiError(error, 'Conflict') || isApiError(error, 'NotFound')) continue;
        this.#parts.log.warn('policy not type checked', { name, error: describeError(error) });
      }
    }
    this.#working = undefined;
  }

  async #bring(name: string): Promise<void> {
    const { read, write, kinds } = this.#parts;
    const policy = read.get<ValidatingAdmissionPolicy>(policies, name);
    if (!policy) return;
    const { generation = 1 } = policy.metadata;
    if (policy.status?.observedGeneration === generation) return;
    const expressionWarnings = warningsOf(kinds, policy);
    const status = {
      ...policy.status,
      observedGeneration: generation,
      typeChecking: expressionWarnings.length > 0 ? { expressionWarnings } : {},
    };
    if (equalJson(status, policy.status)) return;
    const checked = { ...(structuredClone(policy) as unknown as AnyObject), status };
    await write.update(policies, checked, owner);
  }
}

interface Checked {
  readonly info: KindInfo;
  readonly composition: Composition;
}

export function warningsOf(kinds: KindTable, { spec = {} }: ValidatingAdmissionPolicy): ExpressionWarning[] {
  const params = spec.paramKind;
  const paramKind =
    params &&
    kinds
      .all()
      .find(
        ({ info }) =>
          info.kind === params.kind && apiVersionOf(info).replace(/^\//, '') === params.apiVersion,
      );
  const paramType = paramKind && typeOf(paramKind);
  const checked = kindsOf(kinds, spec.matchConstraints?.resourceRules ?? []).flatMap((kind): Checked[] => {
    const object = typeOf(kind);
    if (!object) return [];
    const environment = typedEnvironment(
      { params: params !== undefined, authorizer: true },
      { object, ...(paramType ? { params: paramType } : {}) },
    );
    const composition = new Composition(environment);
    for (const { name, expression } of spec.variables ?? []) composition.declare(name, expression);
    return [{ info: kind.info, composition }];
  });
  return (spec.validations ?? []).flatMap(({ expression, messageExpression }, index) => [
    ...expressionWarnings(checked, expression, `spec.validations[${index}].expression`),
    ...expressionWarnings(checked, messageExpression, `spec.validations[${index}].messageExpression`),
  ]);
}

function expressionWarnings(
  checked: readonly Checked[],
  expression: string | undefined,
  fieldRef: string,
): ExpressionWarning[] {
  if (!expression) return [];
  const texts = checked.flatMap(({ info, composition }) => {
    const compiled = compileExpression(composition.environment, expression);
    return 'fault' in compiled ? [`${apiVersionOf(info)}, Kind=${info.kind}: ${compiled.fault}\n`] : [];
  });
  return texts.length > 0 ? [{ fieldRef, warning: texts.join('\n') }] : [];
}

interface Rule {
  readonly apiGroups?: readonly string[];
  readonly apiVersions?: readonly string[];
  readonly resources?: readonly string[];
}

interface Kind {
  readonly info: KindInfo;
  readonly schemas: SchemaSet;
}

/** Those that rules name; a rule with a star for its groups or versions names none. */
function kindsOf(kinds: KindTable, rules: readonly Rule[]): Kind[] {
  const found = rules.flatMap(({ apiGroups = [], apiVersions = [], resources = [] }) => {
    if ([...apiGroups, ...apiVersions].some((text) => text.includes('*'))) return [];
    const named = new Set(resources.filter((resource) => !/[*/]/.test(resource)));
    return kinds
      .all()
      .filter(
        ({ info }) =>
          apiGroups.includes(info.group) && apiVersions.includes(info.version) && named.has(info.resource),
      );
  });
  return [...new Set(found)]
    .toSorted((a, b) => (sortKey(a.info) < sortKey(b.info) ? -1 : 1))
    .slice(0, kindsMax);
}

function sortKey({ group, version, kind }: KindInfo): string {
  return [group, version, kind].join('\0');
}

function typeOf(kind: Kind): Declared | undefined {
  return declaredOf(kind.schemas, schemaOf(kind), { name: kind.info.kind, root: true });
}

function apiVersionOf({ group, version }: KindInfo): string {
  return group ? `${group}/${version}` : `/${version}`;
}
