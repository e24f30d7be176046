/**
 * One call of one webhook, from the question to the verdict. What goes wrong on the way is a CallFailure, which the
 * webhook's failurePolicy judges; a refusal is an ApiError, which it doesn't.
 */
import type { AnyObject } from '@skerry/api';
import type { Clock } from '@skerry/base';
import { reviewOf, reviewVersion, verdictOf, type Verdict } from '#admission/webhook/admission-review.ts';
import type { Invocation } from '#admission/webhook/invocation.ts';
import { denied, noDryRun } from '#admission/webhook/webhook-errors.ts';
import { CallFailure } from '#outgoing/call-failure.ts';
import type { WebhookCaller } from '#outgoing/webhook-caller.ts';
import type { AdmissionContext } from '#security.ts';

export interface CallParts {
  readonly caller: WebhookCaller;
  readonly clock: Clock;
  readonly uid: () => string;
}

export interface Question {
  readonly name: string;
  readonly object: AnyObject | undefined;
  readonly oldObject: AnyObject | undefined;
  readonly mutating: boolean;
}

/** The verdict of a webhook that allows. */
export async function ask(
  parts: CallParts,
  ctx: AdmissionContext,
  { webhook, shown }: Invocation,
  question: Question,
): Promise<Verdict> {
  if (ctx.dryRun && !webhook.takesDryRun) throw noDryRun(webhook.name);
  const version = reviewVersion(webhook.reviewVersions);
  const uid = parts.uid();
  const review = reviewOf(ctx, shown, { ...question, version, uid });
  const answer = await parts.caller
    .post(webhook.client, review, { timeoutMs: webhook.timeoutMs, tellTimeout: true, signal: ctx.signal })
    .catch((error: unknown) => {
      if (!(error instanceof CallFailure)) throw error;
      throw new CallFailure(`failed to call webhook: ${error.message}`, {
        code: error.code,
        cause: error.cause,
      });
    });
  const verdict = verdictOf(answer, { version, uid, mutating: question.mutating });
  for (const [key, value] of Object.entries(verdict.auditAnnotations)) {
    ctx.auditAnnotations.add(`${webhook.name}/${key}`, value);
  }
  ctx.warnings.push(...verdict.warnings);
  if (!verdict.allowed) throw denied(webhook.name, verdict.result);
  return verdict;
}
