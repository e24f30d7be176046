/** What a call that failed means: a refusal, or nothing where the webhook's policy is to ignore failures; counted and noted. */
import { isApiError } from '@skerry/api';
import { describeError, type Clock, type Logger } from '@skerry/base';
import type { Webhook } from '#admission/webhook/webhook-source.ts';
import { failedCalling, outOfTime } from '#admission/webhook/webhook-errors.ts';
import type { Phase, WebhookMetrics } from '#admission/webhook/webhook-metrics.ts';
import { CallFailure } from '#outgoing/call-failure.ts';
import type { AdmissionContext } from '#security.ts';

export interface SettleParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: WebhookMetrics;
}

/** The result of `call`, or undefined when it failed and that is ignored. Rejects with an ApiError. */
export async function settled<T>(
  { clock, log, metrics }: SettleParts,
  ctx: AdmissionContext,
  webhook: Webhook,
  how: { readonly phase: Phase; failedOpen(): void },
  call: () => Promise<T>,
): Promise<T | undefined> {
  const called = { webhook: webhook.name, phase: how.phase, operation: ctx.operation };
  const startedMs = clock.monotonic();
  const observe = (rejected: boolean, code: number) =>
    metrics.called(called, (clock.monotonic() - startedMs) / 1000, { rejected, code });
  try {
    const result = await call();
    observe(false, 200);
    return result;
  } catch (error) {
    if (!(error instanceof CallFailure)) {
      const code = isApiError(error) ? error.code : 0;
      metrics.rejected(
        called,
        isApiError(error) && code < 500 ? 'no_error' : 'apiserver_internal_error',
        code,
      );
      observe(true, code);
      throw error;
    }
    observe(!webhook.ignoresFailures, error.code);
    const left = ctx.signal?.aborted === true;
    if (!webhook.ignoresFailures) {
      if (!left) metrics.rejected(called, 'calling_webhook_error', error.code);
      throw failedCalling(webhook.name, error);
    }
    if (left) throw outOfTime();
    metrics.failedOpen(called);
    how.failedOpen();
    log.warn('webhook failed and is ignored', { webhook: webhook.name, error: describeError(error) });
    return undefined;
  }
}
