/**
 * MutatingAdmissionWebhook: webhooks one after the other, each shown what those before it made of the object, the result
 * decoded and given its defaults after each. A webhook whose policy is IfNeeded is called once more when something changed
 * the object after it: a later webhook, or the server's own plugins in their second round.
 * https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#reinvocation-policy
 */
import { equalJson, applyJsonPatch, isApiError, type AnyObject } from '@skerry/api';
import type { AdmissionPlugin } from '#admission/plugin.ts';
import type { Reinvocation } from '#admission/reinvocation.ts';
import {
  becomes,
  inJson,
  ownKindServed,
  shownObject,
  unfilled,
  type ShownAs,
} from '#admission/request-view.ts';
import { isExempt } from '#admission/resource-rules.ts';
import type { Verdict } from '#admission/webhook/admission-review.ts';
import { invocationOf, type Invocation, type InvocationParts } from '#admission/webhook/invocation.ts';
import { settled, type SettleParts } from '#admission/webhook/settled-call.ts';
import { ask, type CallParts } from '#admission/webhook/webhook-call.ts';
import { internal } from '#admission/webhook/webhook-errors.ts';
import type { WebhookSource } from '#admission/webhook/webhook-source.ts';
import { conform, plainReason } from '#registry/conform.ts';
import { convertBetween } from '#registry/conversion.ts';
import { fillDefaults } from '#registry/rules.ts';
import type { AdmissionContext } from '#security.ts';

export type WebhookParts = InvocationParts & CallParts & SettleParts;

const name = 'MutatingAdmissionWebhook';
const mutationNote = 'mutation.webhook.admission.k8s.io/';
const patchNote = 'patch.webhook.admission.k8s.io/';

export function mutatingWebhooks(parts: WebhookParts, source: WebhookSource): AdmissionPlugin {
  return {
    name,
    async mutate(ctx, reinvocation) {
      if (isExempt(ctx.kind)) return;
      const { webhooks } = source;
      if (webhooks.length === 0) return;
      const book = reinvocation.bookOf(name);
      if (reinvocation.round === 1 && book.isChangedSince(ctx.object)) book.changed();
      for (const [index, webhook] of webhooks.entries()) {
        if (reinvocation.round === 1 && !book.isCalledAgain(webhook.id)) continue;
        const invocation = await invocationOf(parts, webhook, ctx);
        if (!invocation) continue;
        const notes = new CallNotes(ctx, invocation, { round: reinvocation.round, index });
        if (await changedBy(parts, ctx, invocation, notes)) {
          book.changed();
          reinvocation.want();
        }
        if (webhook.reinvocable) book.invoked(webhook.id);
      }
      book.leave(ctx.object);
    },
  };
}

/** Whether the webhook made the object another one. */
async function changedBy(
  parts: WebhookParts,
  ctx: AdmissionContext,
  invocation: Invocation,
  notes: CallNotes,
): Promise<boolean> {
  const { webhook, shown } = invocation;
  const unfilledObject = unfilled(ctx);
  const { object } = unfilledObject;
  const mutate = async (): Promise<boolean> => {
    const asked = inJson(await shownObject(shown, object));
    const verdict = await ask(parts, ctx, invocation, {
      name: ctx.nameGenerated ? '' : ctx.name,
      object: asked,
      oldObject: await shownObject(shown, ctx.oldObject),
      mutating: true,
    });
    if (!verdict.patch?.length) return false;
    if (!asked || !ctx.object) {
      throw internal(
        `admission webhook ${JSON.stringify(webhook.name)} attempted to modify the object, which is not supported for this operation`,
      );
    }
    const next = await patched(parts, ctx, shown, { object: asked, verdict });
    const changed = !equalJson(next.shown, asked);
    notes.patched(verdict.patch);
    unfilledObject.restore(next.object);
    becomes(ctx.object, next.object);
    return changed;
  };
  let changed: boolean | undefined;
  try {
    changed = await settled(
      parts,
      ctx,
      webhook,
      { phase: 'admit', failedOpen: () => notes.failedOpen() },
      mutate,
    );
  } finally {
    notes.mutated(changed === true);
  }
  return changed === true;
}

/** The object after the patch: as the webhook was shown it, and in the version of the request. */
async function patched(
  { kinds }: WebhookParts,
  ctx: AdmissionContext,
  { converts }: ShownAs,
  { object, verdict }: { object: AnyObject; verdict: Verdict },
): Promise<{ shown: AnyObject; object: AnyObject }> {
  const served = converts?.to ?? ownKindServed(kinds, ctx);
  try {
    const next = applyJsonPatch(object, verdict.patch);
    if (!served) return { shown: next, object: next };
    const whole = conform(served, next, { validation: 'Ignore', warnings: [] });
    fillDefaults(served, whole);
    return {
      shown: whole,
      object: converts ? await convertBetween(converts.to, converts.from, whole) : whole,
    };
  } catch (error) {
    if (!isApiError(error)) throw error;
    // What exactly did not apply is said in the cause.
    throw internal(error.cause instanceof Error ? error.cause.message : plainReason(error.message), error);
  }
}

/** What the audit log says of one call. */
class CallNotes {
  readonly #ctx: AdmissionContext;
  readonly #invocation: Invocation;
  readonly #place: string;

  constructor(
    ctx: AdmissionContext,
    invocation: Invocation,
    at: { round: Reinvocation['round']; index: number },
  ) {
    this.#ctx = ctx;
    this.#invocation = invocation;
    this.#place = `round_${at.round}_index_${at.index}`;
  }

  mutated(mutated: boolean): void {
    this.#add(mutationNote, { mutated });
  }

  patched(patch: unknown[]): void {
    this.#add(patchNote, { patch, patchType: 'JSONPatch' });
  }

  failedOpen(): void {
    this.#ctx.auditAnnotations.add(
      `failed-open.${mutationNote}${this.#place}`,
      this.#invocation.webhook.name,
    );
  }

  #add(prefix: string, what: object): void {
    const { configuration, name: webhook } = this.#invocation.webhook;
    this.#ctx.auditAnnotations.add(
      `${prefix}${this.#place}`,
      JSON.stringify({ configuration, webhook, ...what }),
    );
  }
}
