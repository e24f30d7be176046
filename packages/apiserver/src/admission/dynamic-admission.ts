/**
 * Admission that objects of the cluster configure, in Kubernetes' order: policies that change, webhooks that change; later
 * policies that judge, webhooks that judge. A server's chain puts it behind its own plugins and before quota.
 */
import type { Clock, Logger } from '@skerry/base';
import type { AdmissionPlugin } from '#admission/plugin.ts';
import { mutatingPolicies } from '#admission/policy/mutating-policies.ts';
import { PolicyMetrics } from '#admission/policy/policy-metrics.ts';
import { validatingPolicies } from '#admission/policy/validating-policies.ts';
import { mutatingWebhooks } from '#admission/webhook/mutating-webhooks.ts';
import { validatingWebhooks } from '#admission/webhook/validating-webhooks.ts';
import { webhookConditions } from '#admission/webhook/webhook-conditions.ts';
import { WebhookMetrics, type Phase } from '#admission/webhook/webhook-metrics.ts';
import { WebhookSource, type Webhook } from '#admission/webhook/webhook-source.ts';
import type { WebhookCaller } from '#outgoing/webhook-caller.ts';
import type { KindTable } from '#registry/kind-table.ts';
import type { AdmissionContext, Authorizer, ObjectReader } from '#security.ts';

export interface DynamicAdmissionParts {
  readonly read: ObjectReader;
  readonly kinds: KindTable;
  readonly caller: WebhookCaller;
  readonly clock: Clock;
  readonly log: Logger;
  readonly uid: () => string;
  authorizer(): Authorizer;
}

export interface DynamicAdmission {
  readonly plugin: AdmissionPlugin;
  /** Prometheus text. */
  renderMetrics(): string;
}

export function createDynamicAdmission(parts: DynamicAdmissionParts): DynamicAdmission {
  const metrics = new WebhookMetrics();
  const webhookParts = {
    ...parts,
    metrics,
    conditions: webhookConditions(() => parts.authorizer()),
  };
  const policyMetrics = new PolicyMetrics('validating');
  const excluded =
    (phase: Phase) =>
    (webhook: Webhook, { operation }: AdmissionContext): void =>
      metrics.excluded({ webhook: webhook.name, phase, operation });
  const mutationMetrics = new PolicyMetrics('mutating');
  const plugins: readonly AdmissionPlugin[] = [
    mutatingPolicies({ ...parts, metrics: mutationMetrics, authorizer: () => parts.authorizer() }),
    mutatingWebhooks(
      { ...webhookParts, excluded: excluded('admit') },
      new WebhookSource(parts.read, 'mutating'),
    ),
    validatingPolicies({ ...parts, metrics: policyMetrics, authorizer: () => parts.authorizer() }),
    validatingWebhooks(
      { ...webhookParts, excluded: excluded('validating') },
      new WebhookSource(parts.read, 'validating'),
    ),
  ];
  return {
    plugin: {
      name: 'DynamicAdmission',
      async mutate(ctx, reinvocation) {
        for (const plugin of plugins) await plugin.mutate?.(ctx, reinvocation);
      },
      async validate(ctx) {
        for (const plugin of plugins) await plugin.validate?.(ctx);
      },
    },
    renderMetrics: () => metrics.render() + policyMetrics.render() + mutationMetrics.render(),
  };
}
