import type {
  MatchResources,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  MutatingWebhook,
  MutatingWebhookConfiguration,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
} from '#types.generated.ts';
import type { FieldError } from '#status.ts';
import {
  validateMutatingBinding,
  validateMutatingPolicy,
  validateValidatingBinding,
  validateValidatingPolicy,
} from '#validation/admission-policies.ts';
import { validateWebhooks } from '#validation/webhooks.ts';
import { behaviour, type KindBehaviour } from '#kinds/behaviour.ts';
import { ageColumn, column, nameColumn, selectorText } from '#kinds/columns.ts';

function setWebhookDefaults(webhook: MutatingWebhook | ValidatingWebhook): void {
  webhook.failurePolicy ??= 'Fail';
  webhook.matchPolicy ??= 'Equivalent';
  webhook.namespaceSelector ??= {};
  webhook.objectSelector ??= {};
  webhook.timeoutSeconds ??= 10;
  for (const rule of webhook.rules ?? []) rule.scope ??= '*';
  if (webhook.clientConfig?.service) webhook.clientConfig.service.port ??= 443;
}

type WebhookConfiguration = MutatingWebhookConfiguration | ValidatingWebhookConfiguration;

function webhookBehaviour(): KindBehaviour {
  return behaviour<WebhookConfiguration>({
    knownFinalizers: false,
    metaTold: 'never',
    columns: [
      nameColumn,
      column<WebhookConfiguration>('Webhooks', ({ webhooks }) => webhooks?.length ?? 0, { type: 'integer' }),
      ageColumn,
    ],
    strategy: {
      setDefaults(configuration) {
        for (const webhook of configuration.webhooks ?? []) setWebhookDefaults(webhook);
      },
      validate: ({ webhooks }) => validateWebhooks(webhooks),
    },
  });
}

export const validatingWebhookBehaviour = webhookBehaviour();

const mutatingPlain = webhookBehaviour();
export const mutatingWebhookBehaviour: KindBehaviour = {
  ...mutatingPlain,
  strategy: {
    ...mutatingPlain.strategy,
    setDefaults(object) {
      mutatingPlain.strategy.setDefaults?.(object);
      const { webhooks } = object as unknown as MutatingWebhookConfiguration;
      for (const webhook of webhooks ?? []) webhook.reinvocationPolicy ??= 'Never';
    },
  },
};

function setMatchDefaults(match: MatchResources | undefined): void {
  if (!match) return;
  match.matchPolicy ??= 'Equivalent';
  match.namespaceSelector ??= {};
  match.objectSelector ??= {};
  for (const rule of [...(match.resourceRules ?? []), ...(match.excludeResourceRules ?? [])])
    rule.scope ??= '*';
}

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as for `column`.
function policyBehaviour<T extends ValidatingAdmissionPolicy | MutatingAdmissionPolicy>(
  countName: string,
  count: (policy: T) => number,
  validate: (policy: T) => FieldError[],
): KindBehaviour {
  return behaviour<T>({
    knownFinalizers: false,
    metaTold: 'never',
    columns: [
      nameColumn,
      column<T>(countName, count, { type: 'integer' }),
      column<T>('ParamKind', ({ spec }) =>
        spec?.paramKind ? `${spec.paramKind.apiVersion}/${spec.paramKind.kind}` : '<unset>',
      ),
      ageColumn,
    ],
    strategy: {
      setDefaults({ spec }) {
        if (!spec) return;
        spec.failurePolicy ??= 'Fail';
        setMatchDefaults(spec.matchConstraints);
      },
      validate,
    },
  });
}

export const validatingAdmissionPolicyBehaviour = policyBehaviour<ValidatingAdmissionPolicy>(
  'Validations',
  ({ spec }) => spec?.validations?.length ?? 0,
  validateValidatingPolicy,
);
export const mutatingAdmissionPolicyBehaviour = policyBehaviour<MutatingAdmissionPolicy>(
  'Mutations',
  ({ spec }) => spec?.mutations?.length ?? 0,
  validateMutatingPolicy,
);

type PolicyBinding = ValidatingAdmissionPolicyBinding | MutatingAdmissionPolicyBinding;

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as for `column`.
function policyBindingBehaviour<T extends PolicyBinding>(
  validate: (binding: T) => FieldError[],
): KindBehaviour {
  return behaviour<T>({
    knownFinalizers: false,
    metaTold: 'never',
    columns: [
      nameColumn,
      column<PolicyBinding>('PolicyName', ({ spec }) => spec?.policyName),
      column<PolicyBinding>('ParamRef', ({ spec }) => {
        const reference = spec?.paramRef;
        if (!reference) return '<unset>';
        if (reference.name) return `${reference.namespace || '*'}/${reference.name}`;
        return reference.selector ? selectorText(reference.selector) : '<unset>';
      }),
      ageColumn,
    ],
    strategy: {
      setDefaults({ spec }) {
        setMatchDefaults(spec?.matchResources);
      },
      validate,
    },
  });
}

export const validatingAdmissionPolicyBindingBehaviour = policyBindingBehaviour(validateValidatingBinding);
export const mutatingAdmissionPolicyBindingBehaviour = policyBindingBehaviour(validateMutatingBinding);
