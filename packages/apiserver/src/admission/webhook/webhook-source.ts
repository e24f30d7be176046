/** The webhooks that are configured now, in the order in which they are asked: by configuration, then as listed there. */
import {
  labelSelectorFrom,
  type MatchCondition,
  type MutatingWebhook,
  type MutatingWebhookConfiguration,
  type RuleWithOperations,
  type Selector,
  type ValidatingWebhook,
} from '@skerry/api';
import type { WebhookClientConfig } from '#outgoing/webhook-caller.ts';
import type { ObjectReader } from '#security.ts';

export interface Webhook {
  /** Unique among those of its kind, also when two configurations name theirs alike. */
  readonly id: string;
  readonly name: string;
  readonly configuration: string;
  readonly client: WebhookClientConfig;
  readonly rules: readonly RuleWithOperations[];
  readonly equivalent: boolean;
  readonly ignoresFailures: boolean;
  readonly namespaceSelector: Selector;
  readonly objectSelector: Selector;
  readonly matchConditions: readonly MatchCondition[];
  readonly takesDryRun: boolean;
  readonly timeoutMs: number;
  readonly reviewVersions: readonly string[];
  /** Whether it wants to see what others changed after it. */
  readonly reinvocable: boolean;
}

export type WebhookKind = 'mutating' | 'validating';

const timeoutSecondsDefault = 10;

export class WebhookSource {
  readonly #read: ObjectReader;
  readonly #ref: { readonly group: string; readonly resource: string };
  #webhooks: readonly Webhook[] | undefined;

  constructor(read: ObjectReader, kind: WebhookKind) {
    this.#read = read;
    this.#ref = { group: 'admissionregistration.k8s.io', resource: `${kind}webhookconfigurations` };
    read.onChange(this.#ref, () => (this.#webhooks = undefined));
  }

  get webhooks(): readonly Webhook[] {
    return (this.#webhooks ??= this.#read
      .list<MutatingWebhookConfiguration>(this.#ref)
      .toSorted((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1))
      .flatMap(webhooksOf));
  }
}

function webhooksOf({ metadata, webhooks = [] }: MutatingWebhookConfiguration): Webhook[] {
  const { name: configuration = '' } = metadata;
  const counts = new Map<string, number>();
  return webhooks.map((webhook: MutatingWebhook | ValidatingWebhook): Webhook => {
    const count = counts.get(webhook.name) ?? 0;
    counts.set(webhook.name, count + 1);
    return {
      id: `${configuration}/${webhook.name}/${count}`,
      name: webhook.name,
      configuration,
      client: webhook.clientConfig,
      rules: webhook.rules ?? [],
      equivalent: webhook.matchPolicy !== 'Exact',
      ignoresFailures: webhook.failurePolicy === 'Ignore',
      namespaceSelector: labelSelectorFrom(webhook.namespaceSelector ?? {}),
      objectSelector: labelSelectorFrom(webhook.objectSelector ?? {}),
      matchConditions: webhook.matchConditions ?? [],
      takesDryRun: webhook.sideEffects === 'None' || webhook.sideEffects === 'NoneOnDryRun',
      timeoutMs: (webhook.timeoutSeconds ?? timeoutSecondsDefault) * 1000,
      reviewVersions: webhook.admissionReviewVersions,
      reinvocable: 'reinvocationPolicy' in webhook && webhook.reinvocationPolicy === 'IfNeeded',
    };
  });
}
