/**
 * One order to pull an image ahead of its use: tried until it is there or its tries or its time are over. Between tries it
 * waits 1 s, doubling to 30 s. A pull that takes longer than one try may goes on at the runtime, so that over a thin link
 * the next try finds it further, or done.
 */
import type { NodeImageTag, Secret } from '@skerry/api';
import { describeError, sleep, type Clock } from '@skerry/base';
import { unlessAborted } from '#pods/abort.ts';
import { RuntimeError, type Image } from '#runtime.ts';

export interface ImageOrderOptions {
  /** Full name, with tag or digest. */
  readonly reference: string;
  readonly order: NodeImageTag;
  /** The image where it is here already. */
  readonly present: (reference: string) => Promise<Image | undefined>;
  readonly pull: (
    reference: string,
    options: { readonly secrets: readonly Secret[]; readonly signal: AbortSignal },
  ) => Promise<Image>;
  readonly secrets: () => Promise<Secret[]>;
  readonly clock: Clock;
}

const timeoutSecondsDefault = 600;
const backoffLimitDefault = 3;
const waitBaseMs = 1_000;
const waitMaxMs = 30_000;

/** Rejects with what the last try failed on, or with the signal's reason. */
export async function carryOutOrder(options: ImageOrderOptions, signal: AbortSignal): Promise<Image> {
  const { clock, order } = options;
  const { backoffLimit = backoffLimitDefault, activeDeadlineSeconds } = order.pullPolicy ?? {};
  const endMs =
    activeDeadlineSeconds === undefined ? Infinity : clock.monotonic() + activeDeadlineSeconds * 1000;
  const triesMax = 1 + (backoffLimit < 0 ? backoffLimitDefault : backoffLimit);
  for (let tries = 1, waitMs = waitBaseMs; ; tries++, waitMs = Math.min(2 * waitMs, waitMaxMs)) {
    try {
      return await tryOnce(options, { leftMs: endMs - clock.monotonic(), signal });
    } catch (error) {
      signal.throwIfAborted();
      if (tries >= triesMax || clock.monotonic() >= endMs) throw error;
    }
    await sleep(clock, waitMs, signal);
  }
}

async function tryOnce(
  options: ImageOrderOptions,
  { leftMs, signal }: { readonly leftMs: number; readonly signal: AbortSignal },
): Promise<Image> {
  const { reference, order, present, pull, secrets, clock } = options;
  if (leftMs <= 0) throw new Error('pulling exceeds the activeDeadlineSeconds');
  const timeoutMs = (order.pullPolicy?.timeoutSeconds ?? timeoutSecondsDefault) * 1000;
  const limitMs = Math.min(timeoutMs, leftMs);
  const late = new AbortController();
  const timer = clock.after(limitMs, () =>
    late.abort(new Error(`pulling image ${reference} took longer than ${Math.round(limitMs / 1000)} s`)),
  );
  const either = AbortSignal.any([signal, late.signal]);
  const work = async () => {
    const isEnough = (order.imagePullPolicy ?? 'IfNotPresent') === 'IfNotPresent';
    const here = isEnough ? await present(reference) : undefined;
    return here ?? pull(reference, { secrets: await secrets(), signal: either });
  };
  try {
    return await unlessAborted(work(), either);
  } finally {
    timer.cancel();
  }
}

export function failureText(error: unknown): string {
  return error instanceof RuntimeError ? error.quoted : describeError(error);
}
