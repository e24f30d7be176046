/** Which writes the component is asked about, under the names and paths that OpenKruise gives its webhooks. */
import type { MutatingWebhookConfiguration, ValidatingWebhookConfiguration } from '@skerry/api';
import { kruiseGroup } from '#kruise/kinds/refs.ts';
import { componentLabels } from '#kruise/manifests/labels.ts';
import { webhookUrl } from '#kruise/manifests/webhook-endpoint.ts';

/** Kinds that have webhooks, by the last part of their paths. */
export const reviewedKinds = {
  daemonset: 'daemonsets',
  broadcastjob: 'broadcastjobs',
  imagepulljob: 'imagepulljobs',
  imagelistpulljob: 'imagelistpulljobs',
  nodeimage: 'nodeimages',
} as const;

export type ReviewedKind = keyof typeof reviewedKinds;
export type ReviewVerb = 'mutate' | 'validate';

export const mutatingConfigurationName = 'kruise-mutating-webhook-configuration';
export const validatingConfigurationName = 'kruise-validating-webhook-configuration';

export function reviewPath(verb: ReviewVerb, kind: ReviewedKind): string {
  return `/${verb}-apps-kruise-io-${kind}`;
}

function webhook(verb: ReviewVerb, kind: ReviewedKind) {
  return {
    name: `${verb[0]}${kind}.kb.io`,
    clientConfig: { url: webhookUrl(reviewPath(verb, kind)) },
    rules: [
      {
        apiGroups: [kruiseGroup],
        apiVersions: ['v1alpha1', 'v1beta1'],
        operations: ['CREATE', 'UPDATE'],
        resources: [reviewedKinds[kind]],
        scope: '*',
      },
    ],
    failurePolicy: 'Fail',
    matchPolicy: 'Equivalent',
    sideEffects: 'None',
    timeoutSeconds: 10,
    admissionReviewVersions: ['v1', 'v1beta1'],
  };
}

const kinds = Object.keys(reviewedKinds) as ReviewedKind[];

export const mutatingWebhooks: MutatingWebhookConfiguration = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'MutatingWebhookConfiguration',
  metadata: { name: mutatingConfigurationName, labels: { ...componentLabels } },
  webhooks: kinds.map((kind) => webhook('mutate', kind)),
};

export const validatingWebhooks: ValidatingWebhookConfiguration = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  metadata: { name: validatingConfigurationName, labels: { ...componentLabels } },
  webhooks: kinds.map((kind) => webhook('validate', kind)),
};
