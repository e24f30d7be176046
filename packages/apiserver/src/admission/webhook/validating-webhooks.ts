/**
 * ValidatingAdmissionWebhook: all webhooks that match at once, each shown the object as it is going to be stored. The
 * first refusal in their order is the answer.
 */
import type { AnyObject } from '@skerry/api';
import type { AdmissionPlugin } from '#admission/plugin.ts';
import { shownObject, type ShownAs } from '#admission/request-view.ts';
import { isExempt } from '#admission/resource-rules.ts';
import { invocationOf, type Invocation } from '#admission/webhook/invocation.ts';
import type { WebhookParts } from '#admission/webhook/mutating-webhooks.ts';
import { settled } from '#admission/webhook/settled-call.ts';
import { ask } from '#admission/webhook/webhook-call.ts';
import type { WebhookSource } from '#admission/webhook/webhook-source.ts';
import type { AdmissionContext } from '#security.ts';

export function validatingWebhooks(parts: WebhookParts, source: WebhookSource): AdmissionPlugin {
  return {
    name: 'ValidatingAdmissionWebhook',
    async validate(ctx) {
      if (isExempt(ctx.kind) || source.webhooks.length === 0) return;
      const invocations: Invocation[] = [];
      for (const webhook of source.webhooks) {
        const invocation = await invocationOf(parts, webhook, ctx);
        if (invocation) invocations.push(invocation);
      }
      const views = new Views(ctx);
      const calls = invocations.map((invocation, index) =>
        validated(parts, ctx, { invocation, index, views }),
      );
      for (const result of await Promise.allSettled(calls)) {
        if (result.status === 'rejected') throw result.reason;
      }
    },
  };
}

function validated(
  parts: WebhookParts,
  ctx: AdmissionContext,
  { invocation, index, views }: { invocation: Invocation; index: number; views: Views },
): Promise<unknown> {
  const { webhook, shown } = invocation;
  const failedOpen = () =>
    ctx.auditAnnotations.add(
      `failed-open.validating.webhook.admission.k8s.io/round_0_index_${index}`,
      webhook.name,
    );
  return settled(parts, ctx, webhook, { phase: 'validating', failedOpen }, async () =>
    ask(parts, ctx, invocation, { name: ctx.name, mutating: false, ...(await views.of(shown)) }),
  );
}

/** The object in each version that is asked for, converted once. */
class Views {
  readonly #ctx: AdmissionContext;
  readonly #made = new Map<string, Promise<View>>();

  constructor(ctx: AdmissionContext) {
    this.#ctx = ctx;
  }

  of(shown: ShownAs): Promise<View> {
    const { group, version, resource } = shown.resource;
    const key = `${group}/${version}/${resource}`;
    let view = this.#made.get(key);
    if (!view) this.#made.set(key, (view = this.#make(shown)));
    return view;
  }

  async #make(shown: ShownAs): Promise<View> {
    const { object, oldObject } = this.#ctx;
    return { object: await shownObject(shown, object), oldObject: await shownObject(shown, oldObject) };
  }
}

interface View {
  readonly object: AnyObject | undefined;
  readonly oldObject: AnyObject | undefined;
}
