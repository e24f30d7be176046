/**
 * What nodes may do for the component: read their NodeImage, report on it, and read the credentials that image pulls were
 * given. A node reports on nobody but itself; RBAC cannot say that, so a policy does.
 */
import type {
  ClusterRole,
  ClusterRoleBinding,
  Role,
  RoleBinding,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from '@skerry/api';
import { kruiseGroup } from '#kruise/kinds/refs.ts';
import { componentLabels } from '#kruise/manifests/labels.ts';
import { daemonConfigNamespace } from '#kruise/manifests/namespaces.ts';

const rbac = 'rbac.authorization.k8s.io';
const nodes = [{ apiGroup: rbac, kind: 'Group', name: 'system:nodes' }];
const name = 'kruise-daemon-role';
const metadata = { name, labels: { ...componentLabels } };

export const nodeRole: ClusterRole = {
  apiVersion: `${rbac}/v1`,
  kind: 'ClusterRole',
  metadata,
  rules: [
    { apiGroups: [kruiseGroup], resources: ['nodeimages'], verbs: ['get', 'list', 'watch'] },
    { apiGroups: [kruiseGroup], resources: ['nodeimages/status'], verbs: ['get', 'patch', 'update'] },
  ],
};

export const nodeRoleBinding: ClusterRoleBinding = {
  apiVersion: `${rbac}/v1`,
  kind: 'ClusterRoleBinding',
  metadata: { ...metadata, name: 'kruise-daemon-rolebinding' },
  roleRef: { apiGroup: rbac, kind: 'ClusterRole', name },
  subjects: nodes,
};

export const pullSecretRole: Role = {
  apiVersion: `${rbac}/v1`,
  kind: 'Role',
  metadata: { ...metadata, name: 'kruise-daemon-secret-role', namespace: daemonConfigNamespace },
  rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }],
};

export const pullSecretRoleBinding: RoleBinding = {
  apiVersion: `${rbac}/v1`,
  kind: 'RoleBinding',
  metadata: { ...metadata, name: 'kruise-daemon-secret-rolebinding', namespace: daemonConfigNamespace },
  roleRef: { apiGroup: rbac, kind: 'Role', name: 'kruise-daemon-secret-role' },
  subjects: nodes,
};

const policyName = 'kruise-nodeimage-status';

export const ownStatusPolicy: ValidatingAdmissionPolicy = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingAdmissionPolicy',
  metadata: { name: policyName, labels: { ...componentLabels } },
  spec: {
    failurePolicy: 'Fail',
    matchConstraints: {
      resourceRules: [
        {
          apiGroups: [kruiseGroup],
          apiVersions: ['v1alpha1', 'v1beta1'],
          operations: ['UPDATE'],
          resources: ['nodeimages/status'],
        },
      ],
    },
    matchConditions: [{ name: 'a-node', expression: "'system:nodes' in request.userInfo.groups" }],
    validations: [
      {
        expression: "request.userInfo.username == 'system:node:' + object.metadata.name",
        message: 'a node may report only on its own NodeImage',
      },
    ],
  },
};

export const ownStatusPolicyBinding: ValidatingAdmissionPolicyBinding = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingAdmissionPolicyBinding',
  metadata: { name: policyName, labels: { ...componentLabels } },
  spec: { policyName, validationActions: ['Deny'] },
};
