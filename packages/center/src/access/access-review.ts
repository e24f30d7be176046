import { createClient, type Transport } from '@skerry/client';
import type { AccessQuestion } from '#access/cluster-access.ts';
import type { Subject } from '#access/subject.ts';

const everyone = 'system:authenticated';

export interface AccessAnswer {
  readonly allowed: boolean;
  /** Which binding and role, or that none does. */
  readonly why: string;
}

/** The cluster's own word, as its authorizer gives it for a request of that subject. */
export async function askCluster(
  transport: Transport,
  { user, groups }: Subject,
  { verb, group, resource, subresource, namespace, name }: AccessQuestion,
): Promise<AccessAnswer> {
  const client = createClient({ transport, userAgent: 'skerry-center/access' });
  const { status } = await client.request<{ status?: { allowed?: boolean; reason?: string } }>(
    'POST',
    '/apis/authorization.k8s.io/v1/subjectaccessreviews',
    {
      body: {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        spec: {
          user,
          groups: [...groups, everyone],
          resourceAttributes: { verb, group, resource, subresource, namespace, name },
        },
      },
    },
  );
  const allowed = status?.allowed ?? false;
  return { allowed, why: status?.reason || (allowed ? 'allowed' : 'no role of theirs allows it') };
}
