import type { Example } from './example.ts';

const admission = 'admissionregistration.k8s.io/v1';
const rules = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['bindings'] }];

export const extensionExamples: readonly Example[] = [
  ...(['Validating', 'Mutating'] as const).map((mode): Example => ({
    apiVersion: admission,
    kind: `${mode}WebhookConfiguration`,
    resource: `${mode.toLowerCase()}webhookconfigurations`,
    clusterScoped: true,
    minimal: {},
    full: {
      webhooks: [
        {
          name: 'a.example.com',
          clientConfig: { service: { namespace: 'default', name: 's' } },
          rules,
          failurePolicy: 'Ignore',
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
          namespaceSelector: { matchLabels: { 'no-such': 'label' } },
          matchConditions: [{ name: 'm', expression: 'true' }],
          timeoutSeconds: 5,
        },
      ],
    },
    change: {
      webhooks: [
        {
          name: 'b.example.com',
          clientConfig: { url: 'https://a.example/hook' },
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
        },
      ],
    },
  })),
  {
    apiVersion: admission,
    kind: 'ValidatingAdmissionPolicy',
    resource: 'validatingadmissionpolicies',
    clusterScoped: true,
    minimal: {
      spec: { matchConstraints: { resourceRules: rules }, validations: [{ expression: 'true' }] },
    },
    full: {
      spec: {
        failurePolicy: 'Ignore',
        paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
        matchConstraints: { resourceRules: rules },
        matchConditions: [{ name: 'm', expression: 'request.resource.group == ""' }],
        variables: [{ name: 'n', expression: 'object.metadata.name' }],
        validations: [
          { expression: 'variables.n != "bad"', message: 'no', reason: 'Forbidden' },
          { expression: 'true', messageExpression: '"m"' },
        ],
        auditAnnotations: [{ key: 'k', valueExpression: '"v"' }],
      },
    },
    change: { spec: { failurePolicy: 'Ignore' } },
    status: { observedGeneration: 1 },
  },
  {
    apiVersion: admission,
    kind: 'ValidatingAdmissionPolicyBinding',
    resource: 'validatingadmissionpolicybindings',
    clusterScoped: true,
    minimal: { spec: { policyName: 'no-such-policy', validationActions: ['Deny'] } },
    full: {
      spec: {
        policyName: 'no-such-policy',
        validationActions: ['Warn', 'Audit'],
        paramRef: { name: 'p', namespace: 'default', parameterNotFoundAction: 'Allow' },
        matchResources: { namespaceSelector: { matchLabels: { a: 'b' } } },
      },
    },
    change: { spec: { validationActions: ['Audit'] } },
  },
  {
    apiVersion: admission,
    kind: 'MutatingAdmissionPolicy',
    resource: 'mutatingadmissionpolicies',
    clusterScoped: true,
    minimal: {
      spec: {
        reinvocationPolicy: 'Never',
        matchConstraints: { resourceRules: rules },
        mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'Object{}' } }],
      },
    },
    full: {
      spec: {
        reinvocationPolicy: 'IfNeeded',
        failurePolicy: 'Ignore',
        matchConstraints: { resourceRules: rules },
        variables: [{ name: 'n', expression: 'object.metadata.name' }],
        mutations: [
          {
            patchType: 'JSONPatch',
            jsonPatch: {
              expression: '[JSONPatch{op: "add", path: "/metadata/labels/a", value: "b"}]',
            },
          },
        ],
      },
    },
    change: { spec: { failurePolicy: 'Ignore' } },
  },
  {
    apiVersion: admission,
    kind: 'MutatingAdmissionPolicyBinding',
    resource: 'mutatingadmissionpolicybindings',
    clusterScoped: true,
    minimal: { spec: { policyName: 'no-such-policy' } },
    full: {
      spec: {
        policyName: 'no-such-policy',
        paramRef: { name: 'p', namespace: 'default', parameterNotFoundAction: 'Deny' },
        matchResources: { matchPolicy: 'Exact' },
      },
    },
    change: { spec: { policyName: 'another' } },
  },
  {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    resource: 'customresourcedefinitions',
    clusterScoped: true,
    names: ['as.{{ns}}.example.com', 'bs.{{ns}}.example.com'],
    minimal: {
      spec: {
        group: '{{ns}}.example.com',
        scope: 'Namespaced',
        names: { plural: 'as', kind: 'A' },
        versions: [
          { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
        ],
      },
    },
    full: {
      spec: {
        group: '{{ns}}.example.com',
        scope: 'Cluster',
        names: {
          plural: 'bs',
          singular: 'b',
          kind: 'B',
          listKind: 'Bs',
          shortNames: ['bb'],
          categories: ['all'],
        },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            deprecated: true,
            deprecationWarning: 'old',
            schema: {
              openAPIV3Schema: {
                type: 'object',
                properties: {
                  spec: {
                    type: 'object',
                    required: ['replicas'],
                    properties: {
                      replicas: { type: 'integer', minimum: 0, default: 1 },
                      mode: { type: 'string', enum: ['a', 'b'] },
                    },
                  },
                  status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
                },
              },
            },
            subresources: {
              status: {},
              scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
            },
            additionalPrinterColumns: [{ name: 'Replicas', type: 'integer', jsonPath: '.spec.replicas' }],
            selectableFields: [{ jsonPath: '.spec.mode' }],
          },
        ],
      },
    },
    change: { spec: { names: { shortNames: ['sa'] } } },
  },
];
