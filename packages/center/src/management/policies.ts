/**
 * Rules of the management API that no schema can say, as policies of the API server itself, so that they hold for whoever
 * comes, the local administrator included.
 */
import type { KubeObject } from '@skerry/api';
import { isApiError } from '@skerry/api';
import type { ApiClient, ResourceRef } from '@skerry/client';
import { centerGroup } from '#management/resources.ts';

/** On what makes a task: who asked for it. The API server itself writes it, whatever a request says. */
export const requestedBy = 'center.skerry.io/requested-by';

/** What the center is called by its own management API. */
export const centerUser = 'system:skerry:center';

interface Rule {
  readonly name: string;
  readonly resources: readonly string[];
  readonly operations: readonly string[];
  readonly expression: string;
  readonly message: string;
}

const rules: readonly Rule[] = [
  {
    name: 'cluster-deletion-protection',
    resources: ['clusters'],
    operations: ['DELETE'],
    expression: '!has(oldObject.spec.deletionProtection) || !oldObject.spec.deletionProtection',
    message: 'the cluster is protected from deletion; set spec.deletionProtection to false first',
  },
  {
    name: 'cluster-own',
    resources: ['clusters'],
    operations: ['DELETE'],
    expression: "!has(oldObject.metadata.labels) || !('center.skerry.io/own' in oldObject.metadata.labels)",
    message: "this is the center's own cluster, which goes only with the center",
  },
  {
    name: 'restored-from',
    resources: ['clusters'],
    operations: ['CREATE', 'UPDATE'],
    expression: [
      "request.userInfo.username in ['skerry:local-admin', 'system:skerry:center']",
      '!has(object.metadata.annotations)',
      "!('center.skerry.io/restored-from' in object.metadata.annotations)",
      "(request.operation == 'UPDATE' && has(oldObject.metadata.annotations) && 'center.skerry.io/restored-from' in oldObject.metadata.annotations)",
    ].join(' || '),
    message: "only the local administrator may name a file of the center's machine",
  },
  {
    name: 'task-user',
    resources: ['tasks'],
    operations: ['CREATE'],
    expression: `request.userInfo.username == '${centerUser}' || object.spec.user == request.userInfo.username`,
    message: 'spec.user can only name whoever makes the task',
  },
];

function ref(kind: string, resource: string): ResourceRef {
  return { group: 'admissionregistration.k8s.io', version: 'v1', kind, resource, namespaced: false };
}

const mutatingPolicies = ref('MutatingAdmissionPolicy', 'mutatingadmissionpolicies');
const mutatingBindings = ref('MutatingAdmissionPolicyBinding', 'mutatingadmissionpolicybindings');
const policies = ref('ValidatingAdmissionPolicy', 'validatingadmissionpolicies');
const bindings = ref('ValidatingAdmissionPolicyBinding', 'validatingadmissionpolicybindings');

/** Repeating it brings changed rules up to this release. */
export async function installPolicies(client: ApiClient): Promise<void> {
  await installRequester(client);
  for (const rule of rules) {
    const name = `${rule.name}.${centerGroup}`;
    await ensure(client, policies, {
      metadata: { name },
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: {
          resourceRules: [
            {
              apiGroups: [centerGroup],
              apiVersions: ['*'],
              operations: rule.operations,
              resources: rule.resources,
            },
          ],
        },
        validations: [{ expression: rule.expression, message: rule.message }],
      },
    });
    await ensure(client, bindings, {
      metadata: { name },
      spec: { policyName: name, validationActions: ['Deny'] },
    });
  }
}

/** Whoever makes or changes one is who asked for what follows; the center, which only carries it out, is not. */
async function installRequester(client: ApiClient): Promise<void> {
  const name = `requested-by.${centerGroup}`;
  await ensure(client, mutatingPolicies, {
    metadata: { name },
    spec: {
      failurePolicy: 'Fail',
      reinvocationPolicy: 'Never',
      matchConstraints: {
        resourceRules: [
          {
            apiGroups: [centerGroup],
            apiVersions: ['*'],
            operations: ['CREATE', 'UPDATE'],
            resources: ['clusters', 'components'],
          },
        ],
      },
      matchConditions: [
        { name: 'not-the-center', expression: `request.userInfo.username != '${centerUser}'` },
      ],
      mutations: [
        {
          patchType: 'ApplyConfiguration',
          applyConfiguration: {
            expression: `Object{metadata: Object.metadata{annotations: {'${requestedBy}': request.userInfo.username}}}`,
          },
        },
      ],
    },
  });
  await ensure(client, mutatingBindings, { metadata: { name }, spec: { policyName: name } });
}

async function ensure(
  client: ApiClient,
  at: ResourceRef,
  object: KubeObject & { spec: object },
): Promise<void> {
  const known = client.resource(at);
  try {
    await known.create(object);
  } catch (error) {
    if (!isApiError(error, 'AlreadyExists')) throw error;
    await known.patch(object.metadata?.name ?? '', { spec: object.spec }, { type: 'merge' });
  }
}
