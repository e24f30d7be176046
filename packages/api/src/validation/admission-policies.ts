import { labelKeyFaults } from '#selector.ts';
import type { FieldError } from '#status.ts';
import type {
  MatchCondition,
  MatchResources,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  Mutation,
  ParamKind,
  ParamRef,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  Validation,
  Variable,
} from '#types.generated.ts';
import { validateMatchResources } from '#validation/admission-rules.ts';
import {
  duplicateValue,
  forbiddenField,
  invalidValue,
  invalidValues,
  notSupported,
  required,
  tooMany,
} from '#validation/faults.ts';
import { validateLabelSelector } from '#validation/label-selector.ts';
import { dns1035LabelFaults, dnsSubdomainFaults, pathSegmentFaults } from '#validation/names.ts';

/**
 * Admission policies and their bindings, but for what their expressions mean: those are compiled where they are evaluated.
 */
const failurePolicies = ['Fail', 'Ignore'];
const reinvocationPolicies = ['IfNeeded', 'Never'];
const reasons = ['Forbidden', 'Invalid', 'RequestEntityTooLarge'];
const validationActions = ['Audit', 'Deny', 'Warn'];
const mutatingOperations = ['*', 'CONNECT', 'CREATE', 'UPDATE'];
const patchTypes = ['ApplyConfiguration', 'JSONPatch'];
const matchConditionsMax = 64;
const auditAnnotationsMax = 20;

interface PolicySpec {
  readonly failurePolicy?: string;
  readonly paramKind?: ParamKind;
  readonly matchConstraints?: MatchResources;
  readonly matchConditions?: readonly MatchCondition[];
  readonly variables?: readonly Variable[];
}

export function validateValidatingPolicy({ metadata, spec = {} }: ValidatingAdmissionPolicy): FieldError[] {
  const faults = policyFaults(spec);
  const { validations = [], auditAnnotations = [] } = spec;
  if (validations.length === 0 && auditAnnotations.length === 0) {
    const why = 'validations or auditAnnotations must contain at least one item';
    return [...faults, required('spec.validations', why), required('spec.auditAnnotations', why)];
  }
  for (const [index, validation] of validations.entries())
    faults.push(...validationFaults(validation, `spec.validations[${index}]`));
  if (auditAnnotations.length > auditAnnotationsMax)
    faults.push(
      invalidValue(
        'spec.auditAnnotations',
        auditAnnotations,
        `must not have more than ${auditAnnotationsMax} auditAnnotations`,
      ),
    );
  const keys = auditAnnotations.map(({ key }) => key);
  for (const [index, { key, valueExpression }] of auditAnnotations.entries()) {
    const at = `spec.auditAnnotations[${index}]`;
    faults.push(
      ...invalidValues(`${at}.key`, `${metadata.name}/${key}`, labelKeyFaults(`${metadata.name}/${key}`)),
    );
    if (!valueExpression?.trim())
      faults.push(required(`${at}.valueExpression`, 'valueExpression is not specified'));
    if (keys.indexOf(key) < index) faults.push(duplicateValue(`${at}.key`, key));
  }
  return faults;
}

export function validateMutatingPolicy({ spec = {} }: MutatingAdmissionPolicy): FieldError[] {
  const faults = policyFaults(spec, (constraints) => operationFaults(constraints, 'spec.matchConstraints'));
  const { mutations = [], reinvocationPolicy } = spec;
  if (mutations.length === 0)
    faults.push(required('spec.mutations', 'mutations must contain at least one item'));
  for (const [index, mutation] of mutations.entries())
    faults.push(...mutationFaults(mutation, `spec.mutations[${index}]`));
  if (!reinvocationPolicy) faults.push(required('spec.reinvocationPolicy'));
  else if (!reinvocationPolicies.includes(reinvocationPolicy))
    faults.push(notSupported('spec.reinvocationPolicy', reinvocationPolicy, reinvocationPolicies));
  return faults;
}

export function validateValidatingBinding({ spec }: ValidatingAdmissionPolicyBinding): FieldError[] {
  const actions = spec?.validationActions ?? [];
  const at = 'spec.validationActions';
  const faults = bindingFaults(spec ?? {});
  for (const [index, action] of actions.entries()) {
    if (!validationActions.includes(action))
      faults.push(notSupported(`${at}[${index}]`, action, validationActions));
    if (actions.indexOf(action) < index) faults.push(duplicateValue(`${at}[${index}]`, action));
  }
  if (actions.includes('Deny') && actions.includes('Warn'))
    faults.push(
      invalidValue(
        at,
        actions,
        'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
      ),
    );
  if (actions.length === 0) faults.push(required(at, 'at least one validation action is required'));
  return faults;
}

export function validateMutatingBinding({ spec }: MutatingAdmissionPolicyBinding): FieldError[] {
  return [...bindingFaults(spec ?? {}), ...operationFaults(spec?.matchResources, 'spec.matchResources')];
}

function policyFaults(
  { failurePolicy, paramKind, matchConstraints, matchConditions = [], variables = [] }: PolicySpec,
  more: (constraints: MatchResources) => FieldError[] = () => [],
): FieldError[] {
  const faults: FieldError[] = [];
  if (failurePolicy === undefined) faults.push(required('spec.failurePolicy'));
  else if (!failurePolicies.includes(failurePolicy))
    faults.push(notSupported('spec.failurePolicy', failurePolicy, failurePolicies));
  if (paramKind) faults.push(...paramKindFaults(paramKind));
  if (!matchConstraints) faults.push(required('spec.matchConstraints'));
  else {
    faults.push(...validateMatchResources(matchConstraints, 'spec.matchConstraints'));
    if (!matchConstraints.resourceRules?.length) faults.push(required('spec.matchConstraints.resourceRules'));
    faults.push(...more(matchConstraints));
  }
  faults.push(...validateMatchConditions(matchConditions, 'spec.matchConditions'));
  for (const [index, { name, expression }] of variables.entries()) {
    const at = `spec.variables[${index}]`;
    if (!name?.trim()) faults.push(required(`${at}.name`, 'name is not specified'));
    else if (!/^[_a-zA-Z][_a-zA-Z0-9]*$/.test(name))
      faults.push(invalidValue(`${at}.name`, name, 'must be a valid CEL identifier'));
    if (!expression?.trim()) faults.push(required(`${at}.expression`, 'expression is not specified'));
  }
  return faults;
}

/** Of webhooks too. */
export function validateMatchConditions(
  conditions: readonly MatchCondition[] | undefined,
  at: string,
): FieldError[] {
  const faults: FieldError[] = [];
  const count = conditions?.length ?? 0;
  if (count > matchConditionsMax) faults.push(tooMany(at, count, matchConditionsMax));
  const names = new Set<string>();
  for (const [index, { name, expression }] of (conditions ?? []).entries()) {
    if (!expression?.trim()) faults.push(required(`${at}[${index}].expression`));
    if (!name) faults.push(required(`${at}[${index}].name`));
    else faults.push(...invalidValues(`${at}[${index}].name`, name, labelKeyFaults(name)));
    if (name && names.has(name)) faults.push(duplicateValue(`${at}[${index}].name`, name));
    names.add(name);
  }
  return faults;
}

function paramKindFaults({ apiVersion = '', kind = '' }: ParamKind): FieldError[] {
  const at = 'spec.paramKind';
  const faults: FieldError[] = [];
  const parts = apiVersion.split('/');
  if (apiVersion === '') faults.push(required(`${at}.apiVersion`));
  else if (parts.length > 2)
    faults.push(
      invalidValue(`${at}.apiVersion`, apiVersion, `unexpected GroupVersion string: ${apiVersion}`),
    );
  else {
    const [group = '', version = ''] = parts.length === 1 ? ['', parts[0]] : parts;
    const groupFaults = group === '' ? [] : dnsSubdomainFaults(group);
    if (groupFaults.length > 0) faults.push(invalidValue(`${at}.apiVersion`, group, groupFaults.join(',')));
    const versionFaults = dns1035LabelFaults(version);
    if (version === '')
      faults.push(invalidValue(`${at}.apiVersion`, apiVersion, 'version must be specified'));
    else if (versionFaults.length > 0)
      faults.push(invalidValue(`${at}.apiVersion`, version, versionFaults.join(',')));
  }
  const kindFaults = dns1035LabelFaults(kind.toLowerCase());
  if (kind === '') faults.push(required(`${at}.kind`));
  else if (kindFaults.length > 0)
    faults.push(
      invalidValue(
        `${at}.kind`,
        kind,
        `may have mixed case, but should otherwise match: ${kindFaults.join(',')}`,
      ),
    );
  return faults;
}

function validationFaults(
  { expression, message, messageExpression, reason }: Validation,
  at: string,
): FieldError[] {
  const faults: FieldError[] = [];
  if (!expression?.trim()) faults.push(required(`${at}.expression`, 'expression is not specified'));
  for (const [field, text] of [
    ['messageExpression', messageExpression],
    ['message', message],
  ] as const) {
    if (text && text.trim() === '')
      faults.push(invalidValue(`${at}.${field}`, text, 'must be non-empty if specified'));
  }
  if (message && /[\n\r]/.test(message.trim()))
    faults.push(invalidValue(`${at}.message`, message, 'must not contain line breaks'));
  if (reason !== undefined && !reasons.includes(reason))
    faults.push(notSupported(`${at}.reason`, reason, reasons));
  return faults;
}

function mutationFaults({ patchType, applyConfiguration, jsonPatch }: Mutation, at: string): FieldError[] {
  if (!patchType) return [required(`${at}.patchType`)];
  if (!patchTypes.includes(patchType)) return [notSupported(`${at}.patchType`, patchType, patchTypes)];
  const isPatch = patchType === 'JSONPatch';
  const [wanted, other] = isPatch
    ? (['jsonPatch', 'applyConfiguration'] as const)
    : (['applyConfiguration', 'jsonPatch'] as const);
  const [given, given2] = isPatch ? [jsonPatch, applyConfiguration] : [applyConfiguration, jsonPatch];
  const faults: FieldError[] = [];
  if (!given) faults.push(required(`${at}.${wanted}`, `must be specified when patchType is ${patchType}`));
  else if (!given.expression?.trim()) faults.push(required(`${at}.${wanted}.expression`));
  if (given2)
    faults.push(
      invalidValue(`${at}.${other}`, `{${other}}`, `must not be specified when patchType is ${patchType}`),
    );
  return faults;
}

function operationFaults(match: MatchResources | undefined, at: string): FieldError[] {
  return (match?.resourceRules ?? []).flatMap(({ operations = [] }) =>
    operations
      .filter((operation) => !mutatingOperations.includes(operation))
      .map((operation) => notSupported(`${at}.resourceRules.operations`, operation, mutatingOperations)),
  );
}

function bindingFaults(spec: {
  readonly policyName?: string;
  readonly paramRef?: ParamRef;
  readonly matchResources?: MatchResources;
}): FieldError[] {
  const { policyName, paramRef, matchResources } = spec;
  const faults: FieldError[] = [];
  if (!policyName) faults.push(required('spec.policyName'));
  else faults.push(...invalidValues('spec.policyName', policyName, dnsSubdomainFaults(policyName)));
  if (paramRef) faults.push(...paramRefFaults(paramRef, 'spec.paramRef'));
  return [...faults, ...validateMatchResources(matchResources, 'spec.matchResources')];
}

function paramRefFaults({ name, selector, parameterNotFoundAction }: ParamRef, at: string): FieldError[] {
  const faults: FieldError[] = [];
  const both = 'name and selector are mutually exclusive';
  if (name) faults.push(...invalidValues(`${at}.name`, name, pathSegmentFaults(name)));
  if (name && selector) faults.push(forbiddenField(`${at}.name`, both));
  faults.push(...validateLabelSelector(selector, `${at}.selector`));
  if (name && selector) faults.push(forbiddenField(`${at}.selector`, both));
  if (!name && !selector) faults.push(required(at, 'one of name or selector must be specified'));
  const actions = ['Deny', 'Allow'];
  if (!parameterNotFoundAction) faults.push(required(`${at}.parameterNotFoundAction`));
  else if (!actions.includes(parameterNotFoundAction))
    faults.push(notSupported(`${at}.parameterNotFoundAction`, parameterNotFoundAction, actions));
  return faults;
}
