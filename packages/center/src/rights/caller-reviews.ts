/** What a cluster says of a caller, asked as the caller. Nothing is decided here and nothing is kept. */
import type { ApiClient } from '@skerry/client';
import type { AccessQuestion } from '#access/cluster-access.ts';

export interface ClusterIdentity {
  readonly username: string;
  readonly groups: readonly string[];
}

export interface RuleSet {
  readonly rules: readonly {
    readonly verbs: readonly string[];
    readonly apiGroups?: readonly string[];
    readonly resources?: readonly string[];
    readonly resourceNames?: readonly string[];
  }[];
}

interface Review<S> {
  readonly status?: S;
}

const authorization = '/apis/authorization.k8s.io/v1';

export async function whoIs(client: ApiClient, signal?: AbortSignal): Promise<ClusterIdentity> {
  const review = await client.request<Review<{ userInfo?: { username?: string; groups?: string[] } }>>(
    'POST',
    '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    { body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }, signal },
  );
  const { username = '', groups = [] } = review.status?.userInfo ?? {};
  return { username, groups };
}

export async function mayI(
  client: ApiClient,
  question: AccessQuestion,
  signal?: AbortSignal,
): Promise<boolean> {
  const review = await client.request<Review<{ allowed?: boolean }>>(
    'POST',
    `${authorization}/selfsubjectaccessreviews`,
    {
      body: {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes: question },
      },
      signal,
    },
  );
  return review.status?.allowed === true;
}

/** All that is allowed in one namespace, as far as the cluster can list it. */
export async function rulesIn(client: ApiClient, namespace: string, signal?: AbortSignal): Promise<RuleSet> {
  const review = await client.request<Review<{ resourceRules?: RuleSet['rules'] }>>(
    'POST',
    `${authorization}/selfsubjectrulesreviews`,
    {
      body: {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectRulesReview',
        spec: { namespace },
      },
      signal,
    },
  );
  return { rules: review.status?.resourceRules ?? [] };
}

/** Whether rules allow a verb on a resource, or on the one object named. */
export function rulesAllow({ rules }: RuleSet, question: AccessQuestion): boolean {
  const { verb, group, subresource, name } = question;
  const resource = subresource ? `${question.resource}/${subresource}` : question.resource;
  const holds = (values: readonly string[] | undefined, ...wanted: string[]) =>
    values?.some((value) => value === '*' || wanted.includes(value)) ?? false;
  return rules.some(
    (rule) =>
      holds(rule.verbs, verb) &&
      holds(rule.apiGroups, group) &&
      holds(rule.resources, resource, ...(subresource ? [`*/${subresource}`] : [])) &&
      (!rule.resourceNames?.length || (name !== undefined && rule.resourceNames.includes(name))),
  );
}
