/** FlowSchemas and PriorityLevelConfigurations: those that are added, and those that every server brings with it. */
import type { FieldError } from '#status.ts';
import type {
  FlowSchema,
  FlowSchemaSpec,
  FlowcontrolSubject,
  LimitedPriorityLevelConfiguration,
  LimitResponse,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  PriorityLevelConfiguration,
  QueuingConfiguration,
  ResourcePolicyRule,
} from '#types.generated.ts';
import {
  checkReasons,
  duplicateValue,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '#validation/faults.ts';
import { checkMandatoryLevel, checkMandatorySchema } from '#validation/mandatory-flow.ts';
import { dnsLabelFaults, dnsSubdomainFaults } from '#validation/names.ts';

const precedenceMax = 10_000;
const queuesMax = 10_000_000;
const hashBitsMax = 60;
const distinguishers = ['ByNamespace', 'ByUser'];
const levelTypes = ['Exempt', 'Limited'];
const responseTypes = ['Queue', 'Reject'];
const subjectKinds = ['Group', 'ServiceAccount', 'User'];
const verbNames = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'proxy',
  'update',
  'watch',
];

export function validateFlowSchema(schema: FlowSchema): FieldError[] {
  const { metadata, spec, status } = schema;
  const faults: FieldError[] = [];
  checkFlowSpec(faults, spec ?? {}, metadata.name ?? '');
  checkMandatorySchema(faults, schema);
  checkConditionTypes(faults, status?.conditions);
  return faults;
}

export function validateFlowStatus({ status }: FlowSchema | PriorityLevelConfiguration): FieldError[] {
  const faults: FieldError[] = [];
  checkConditionTypes(faults, status?.conditions);
  return faults;
}

function checkConditionTypes(
  faults: FieldError[],
  conditions: readonly { readonly type?: string }[] | undefined,
): void {
  const seen = new Set<string>();
  for (const [index, { type = '' }] of (conditions ?? []).entries()) {
    const at = `status.conditions[${index}].type`;
    if (seen.has(type)) faults.push(duplicateValue(at, type));
    seen.add(type);
    if (!type) faults.push(required(at));
  }
}

function checkFlowSpec(faults: FieldError[], spec: Partial<FlowSchemaSpec>, name: string): void {
  const { matchingPrecedence: precedence = 0, distinguisherMethod: method } = spec;
  const at = 'spec.matchingPrecedence';
  if (precedence <= 0) faults.push(invalidValue(at, precedence, 'must be a positive value'));
  if (precedence > precedenceMax)
    faults.push(invalidValue(at, precedence, `must not be greater than ${precedenceMax}`));
  if (precedence === 1 && name !== 'exempt')
    faults.push(invalidValue(at, precedence, "only the schema named 'exempt' may have matchingPrecedence 1"));
  if (method && !distinguishers.includes(method.type))
    faults.push(notSupported('spec.distinguisherMethod.type', { Type: method.type }, distinguishers));
  const level = spec.priorityLevelConfiguration?.name ?? '';
  const levelAt = 'spec.priorityLevelConfiguration.name';
  if (level) checkReasons(faults, levelAt, level, dnsSubdomainFaults(level));
  else faults.push(required(levelAt, 'must reference a priority level'));
  for (const [index, rule] of (spec.rules ?? []).entries()) checkRule(faults, rule, `spec.rules[${index}]`);
}

function checkRule(faults: FieldError[], rule: PolicyRulesWithSubjects, path: string): void {
  const { subjects, resourceRules = [], nonResourceRules = [] } = rule;
  for (const [index, subject] of subjects.entries())
    checkSubject(faults, subject, `${path}.subjects[${index}]`);
  if (subjects.length === 0)
    faults.push(required(`${path}.subjects`, 'subjects must contain at least one value'));
  if (resourceRules.length === 0 && nonResourceRules.length === 0)
    faults.push(required(path, 'at least one of resourceRules and nonResourceRules has to be non-empty'));
  for (const [index, each] of resourceRules.entries())
    checkResourceRule(faults, each, `${path}.resourceRules[${index}]`);
  for (const [index, each] of nonResourceRules.entries())
    checkUrlRule(faults, each, `${path}.nonResourceRules[${index}]`);
}

/** Which field describes a subject of each kind, in the order in which the others are refused. */
const subjectFields = [
  ['ServiceAccount', 'serviceAccount'],
  ['User', 'user'],
  ['Group', 'group'],
] as const;

function checkSubject(faults: FieldError[], subject: FlowcontrolSubject, path: string): void {
  const own = subjectFields.find(([kind]) => kind === subject.kind);
  if (!own) {
    faults.push(notSupported(`${path}.kind`, subject.kind, subjectKinds));
    return;
  }
  const [kind, field] = own;
  const described = subject[field];
  const at = `${path}.${field}`;
  if (!described) faults.push(required(at, `${field} is required when subject kind is '${kind}'`));
  else if (!described.name) faults.push(required(`${at}.name`));
  if (kind === 'ServiceAccount' && subject.serviceAccount)
    checkAccount(faults, subject.serviceAccount, `${path}.serviceAccount`);
  for (const [other, otherField] of subjectFields)
    if (other !== kind && subject[otherField])
      faults.push(
        forbiddenField(
          `${path}.${otherField}`,
          `${otherField} is forbidden when subject kind is not '${other}'`,
        ),
      );
}

function checkAccount(
  faults: FieldError[],
  { name, namespace }: { readonly name?: string; readonly namespace?: string },
  path: string,
): void {
  if (name && name !== '*') checkReasons(faults, `${path}.name`, name, dnsSubdomainFaults(name));
  if (namespace) checkReasons(faults, `${path}.namespace`, namespace, dnsLabelFaults(namespace));
  else faults.push(required(`${path}.namespace`, 'must specify namespace for service account'));
}

function checkVerbs(faults: FieldError[], verbs: readonly string[], path: string): void {
  if (verbs.length === 0) faults.push(required(path, 'verbs must contain at least one value'));
  else if (verbs.includes('*')) checkOnlyAll(faults, verbs, path, 'verbs');
  else if (verbs.some((verb) => !verbNames.includes(verb))) faults.push(notSupported(path, verbs, verbNames));
}

function checkOnlyAll(faults: FieldError[], values: readonly string[], path: string, what: string): void {
  if (values.length > 1 && values.includes('*'))
    faults.push(invalidValue(path, values, `if '*' is present, must not specify other ${what}`));
}

function checkResourceRule(faults: FieldError[], rule: ResourcePolicyRule, path: string): void {
  const { verbs, apiGroups, resources, namespaces = [], clusterScope = false } = rule;
  checkVerbs(faults, verbs, `${path}.verbs`);
  if (apiGroups.length === 0)
    faults.push(required(`${path}.apiGroups`, 'resource rules must supply at least one api group'));
  checkOnlyAll(faults, apiGroups, `${path}.apiGroups`, 'api groups');
  if (resources.length === 0)
    faults.push(required(`${path}.resources`, 'resource rules must supply at least one resource'));
  checkOnlyAll(faults, resources, `${path}.resources`, 'resources');
  const at = `${path}.namespaces`;
  if (namespaces.length === 0 && !clusterScope)
    faults.push(
      required(at, 'resource rules that are not cluster scoped must supply at least one namespace'),
    );
  else if (namespaces.includes('*')) checkOnlyAll(faults, namespaces, at, 'namespaces');
  else
    for (const [index, namespace] of namespaces.entries())
      for (const why of dnsLabelFaults(namespace))
        faults.push(
          invalidValue(
            `${at}[${index}]`,
            namespace,
            `each member of this list must be '*' or a DNS-1123 label; ${why}`,
          ),
        );
}

function checkUrlRule(faults: FieldError[], rule: NonResourcePolicyRule, path: string): void {
  const { verbs, nonResourceURLs: urls } = rule;
  checkVerbs(faults, verbs, `${path}.verbs`);
  const at = `${path}.nonResourceURLs`;
  if (urls.length === 0) faults.push(required(at, 'nonResourceURLs must contain at least one value'));
  else if (urls.includes('*')) checkOnlyAll(faults, urls, at, 'non-resource URLs');
  else
    for (const [index, url] of urls.entries()) {
      const why = urlFault(url);
      if (why) faults.push(invalidValue(`${at}[${index}]`, url, why));
    }
}

function urlFault(path: string): string | undefined {
  if (path === '') return 'must not be empty';
  if (path === '/') return undefined;
  if (!path.startsWith('/')) return 'must start with slash';
  if (path.includes(' ')) return 'must not contain white-space';
  if (path.includes('//')) return 'must not contain double slash';
  const stars = path.split('*').length - 1;
  return stars > 1 || (stars === 1 && !path.endsWith('/*'))
    ? 'wildcard can only do suffix matching'
    : undefined;
}

export function validatePriorityLevel(level: PriorityLevelConfiguration): FieldError[] {
  const faults: FieldError[] = [];
  const { type = '', exempt, limited } = level.spec ?? {};
  if ((level.metadata.name === 'exempt') !== (type === 'Exempt'))
    faults.push(invalidValue('spec.type', type, "must be 'Exempt' if and only if `name` is 'exempt'"));
  switch (type) {
    case 'Exempt':
      if (limited) faults.push(forbiddenField('spec.limited', 'must be nil if the type is not Limited'));
      if (exempt) {
        checkShares(faults, exempt.nominalConcurrencyShares, 'spec.exempt');
        checkLendable(faults, exempt.lendablePercent, 'spec.exempt');
      }
      break;
    case 'Limited':
      if (exempt) faults.push(forbiddenField('spec.exempt', 'must be nil if the type is Limited'));
      if (limited) checkLimited(faults, limited, 'spec.limited');
      else faults.push(required('spec.limited', 'must not be empty when type is Limited'));
      break;
    case '':
      faults.push(required('spec.type'));
      break;
    default:
      faults.push(notSupported('spec.type', type, levelTypes));
  }
  checkMandatoryLevel(faults, level);
  checkConditionTypes(faults, level.status?.conditions);
  return faults;
}

function checkShares(faults: FieldError[], shares = 0, path: string): void {
  if (shares < 0)
    faults.push(invalidValue(`${path}.nominalConcurrencyShares`, shares, 'must be a non-negative integer'));
}

function checkLendable(faults: FieldError[], percent: number | undefined, path: string): void {
  if (percent !== undefined && (percent < 0 || percent > 100))
    faults.push(invalidValue(`${path}.lendablePercent`, percent, 'must be between 0 and 100, inclusive'));
}

function checkLimited(faults: FieldError[], limited: LimitedPriorityLevelConfiguration, path: string): void {
  checkShares(faults, limited.nominalConcurrencyShares, path);
  checkResponse(faults, limited.limitResponse ?? { type: '' }, `${path}.limitResponse`);
  checkLendable(faults, limited.lendablePercent, path);
  const { borrowingLimitPercent: borrowed } = limited;
  if (borrowed !== undefined && borrowed < 0)
    faults.push(
      invalidValue(`${path}.borrowingLimitPercent`, borrowed, 'if specified, must be a non-negative integer'),
    );
}

function checkResponse(faults: FieldError[], { type, queuing }: LimitResponse, path: string): void {
  const at = `${path}.queuing`;
  switch (type) {
    case 'Reject':
      if (queuing)
        faults.push(forbiddenField(at, 'must be nil if limited.limitResponse.type is not Limited'));
      return;
    case 'Queue':
      if (queuing) checkQueuing(faults, queuing, at);
      else faults.push(required(at, 'must not be empty if limited.limitResponse.type is Limited'));
      return;
    case '':
      faults.push(required(`${path}.type`));
      return;
    default:
      faults.push(notSupported(`${path}.type`, type, responseTypes));
  }
}

function checkQueuing(faults: FieldError[], queuing: QueuingConfiguration, path: string): void {
  const { queueLengthLimit: length = 0, queues = 0, handSize = 0 } = queuing;
  if (length <= 0) faults.push(invalidValue(`${path}.queueLengthLimit`, length, 'must be positive'));
  if (queues <= 0) faults.push(invalidValue(`${path}.queues`, queues, 'must be positive'));
  else if (queues > queuesMax)
    faults.push(invalidValue(`${path}.queues`, queues, `must not be greater than ${queuesMax}`));
  const why = handFault(queues, handSize);
  if (why) faults.push(invalidValue(`${path}.handSize`, handSize, why));
}

/** Cards are dealt by the bits of one hash. */
function handFault(queues: number, handSize: number): string | undefined {
  if (handSize <= 0) return 'must be positive';
  if (handSize > queues) return `should not be greater than queues (${queues})`;
  return Math.ceil(Math.log2(queues) * handSize) > hashBitsMax
    ? `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${hashBitsMax}`
    : undefined;
}
