/**
 * Admission that objects of the cluster configure, in Kubernetes' order: policies that change, webhooks that change; later
 * policies that judge, webhooks that judge. A server's chain puts it behind its own plugins and before quota.
 */
import type { Clock, Logger } from '@skerry/base';
import type { AdmissionPlugin } from '#admission/plugin.ts';
import { mutatingWebhooks } from '#admission/webhook/mutating-webhooks.ts';
import { validatingWebhooks } from '#admission/webhook/validating-webhooks.ts';
import { WebhookMetrics } from '#admission/webhook/webhook-metrics.ts';
import { WebhookSource } from '#admission/webhook/webhook-source.ts';
import type { WebhookCaller } from '#outgoing/webhook-caller.ts';
import type { KindTable } from '#registry/kind-table.ts';
import type { ObjectReader } from '#security.ts';

export interface DynamicAdmissionParts {
  readonly read: ObjectReader;
  readonly kinds: KindTable;
  readonly caller: WebhookCaller;
  readonly clock: Clock;
  readonly log: Logger;
  readonly uid: () => string;
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
    conditions: () => Promise.reject(new Error('matchConditions are not evaluated by this server')),
    excluded: () => undefined,
  };
  const plugins = [
    mutatingWebhooks(webhookParts, new WebhookSource(parts.read, 'mutating')),
    validatingWebhooks(webhookParts, new WebhookSource(parts.read, 'validating')),
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
    renderMetrics: () => metrics.render(),
  };
}
