import type { FlowSchema, PolicyRulesWithSubjects } from '@skerry/api';
import type { RequestInfo, ResourceRequest } from '#request-info.ts';
import type { UserInfo } from '#security.ts';

/** One FlowSchema as requests are matched against it. */
export interface Flow {
  readonly name: string;
  /** '' while there is no such object. */
  readonly uid: string;
  readonly level: string;
  readonly distinguisher: 'ByUser' | 'ByNamespace' | undefined;
}

type ResourceRule = NonNullable<PolicyRulesWithSubjects['resourceRules']>[number];
type NonResourceRule = NonNullable<PolicyRulesWithSubjects['nonResourceRules']>[number];

/** The rules of one flow that one subject falls under. */
interface Entry {
  /** Place of the flow in the order of matching. */
  readonly order: number;
  readonly flow: Flow;
  readonly matches: (info: RequestInfo) => boolean;
}

/**
 * FlowSchemas in the order they are tried, found by who asks: a request is held against the rules that name its user, one
 * of its groups, its namespace's service accounts or everyone, and against no others.
 * Rules: https://kubernetes.io/docs/concepts/cluster-administration/flow-control/#flowschema
 */
export class FlowIndex {
  readonly #users = new Map<string, Entry[]>();
  readonly #groups = new Map<string, Entry[]>();
  readonly #accountNamespaces = new Map<string, Entry[]>();
  readonly #everyone: Entry[] = [];
  readonly #last: Flow;

  /** @param schemas in order of matching; the last one takes what none matches. */
  constructor(schemas: readonly FlowSchema[]) {
    const flows = schemas.map(flowOf);
    for (const [order, schema] of schemas.entries()) {
      for (const rule of schema.spec?.rules ?? []) {
        const entry = { order, flow: flows[order]!, matches: matcherOf(rule) };
        for (const subject of rule.subjects ?? []) this.#enter(subject, entry);
      }
    }
    this.#last = flows.at(-1)!;
  }

  find(user: UserInfo, info: RequestInfo): Flow {
    let best: Entry | undefined;
    const consider = (entries: readonly Entry[] | undefined) => {
      if (!entries) return;
      for (const entry of entries) {
        if (best && entry.order >= best.order) return;
        if (entry.matches(info)) best = entry;
      }
    };
    consider(this.#users.get(user.name));
    for (const group of user.groups) consider(this.#groups.get(group));
    if (this.#accountNamespaces.size > 0)
      consider(this.#accountNamespaces.get(namespaceOfAccount(user.name)));
    consider(this.#everyone);
    return best?.flow ?? this.#last;
  }

  #enter(subject: NonNullable<PolicyRulesWithSubjects['subjects']>[number], entry: Entry): void {
    const { user, group, serviceAccount } = subject;
    if (subject.kind === 'User' && user) {
      if (user.name === '*') this.#everyone.push(entry);
      else push(this.#users, user.name, entry);
    } else if (subject.kind === 'Group' && group) {
      if (group.name === '*') this.#everyone.push(entry);
      else push(this.#groups, group.name, entry);
    } else if (subject.kind === 'ServiceAccount' && serviceAccount) {
      const { namespace, name } = serviceAccount;
      if (name === '*') push(this.#accountNamespaces, namespace, entry);
      else push(this.#users, `${accountPrefix}${namespace}:${name}`, entry);
    }
  }
}

const accountPrefix = 'system:serviceaccount:';

function namespaceOfAccount(user: string): string {
  if (!user.startsWith(accountPrefix)) return '';
  return user.slice(accountPrefix.length, user.indexOf(':', accountPrefix.length));
}

function push(map: Map<string, Entry[]>, key: string, entry: Entry): void {
  const entries = map.get(key);
  if (entries) entries.push(entry);
  else map.set(key, [entry]);
}

function flowOf({ metadata, spec }: FlowSchema): Flow {
  const method = spec?.distinguisherMethod?.type;
  return {
    name: metadata.name ?? '',
    uid: metadata.uid ?? '',
    level: spec?.priorityLevelConfiguration.name ?? '',
    distinguisher: method === 'ByUser' || method === 'ByNamespace' ? method : undefined,
  };
}

function matcherOf({ resourceRules, nonResourceRules }: PolicyRulesWithSubjects): Entry['matches'] {
  const resources = (resourceRules ?? []).map(resourceMatcher);
  const paths = (nonResourceRules ?? []).map(pathMatcher);
  return (info) =>
    info.type === 'resource'
      ? resources.some((matches) => matches(info))
      : paths.some((matches) => matches(info.verb, info.path));
}

function resourceMatcher(rule: ResourceRule): (info: ResourceRequest) => boolean {
  const verb = oneOf(rule.verbs);
  const group = oneOf(rule.apiGroups);
  const resource = oneOf(rule.resources);
  const namespace = oneOf(rule.namespaces);
  return (info) =>
    verb(info.verb) &&
    resource(info.subresource ? `${info.resource}/${info.subresource}` : info.resource) &&
    group(info.group) &&
    (info.namespace === '' ? rule.clusterScope === true : namespace(info.namespace));
}

function pathMatcher(rule: NonResourceRule): (verb: string, path: string) => boolean {
  const verbMatches = oneOf(rule.verbs);
  const paths = rule.nonResourceURLs ?? [];
  return (verb, path) => verbMatches(verb) && paths.some((each) => isUnder(path, each));
}

/** `/healthz` and what lies below it, for `/healthz` and for `/healthz/*`. */
function isUnder(path: string, rule: string): boolean {
  if (rule === '*' || rule === path) return true;
  const prefix = rule.endsWith('*') ? rule.slice(0, -1) : rule;
  return path.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`);
}

function oneOf(values: readonly string[] | undefined): (value: string) => boolean {
  if (values?.length === 1 && values[0] === '*') return () => true;
  const set = new Set(values);
  return (value) => set.has(value);
}
