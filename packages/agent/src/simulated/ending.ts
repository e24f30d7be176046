/**
 * When a simulated container ends by itself, and with which exit code. An init container has nothing to do and has done it at
 * once; a sidecar runs on; others run on too, unless the pod's annotations say how long, so that Jobs complete, test pods
 * pass or fail, and crashing pods crash, in a simulation.
 */
import { annotation, type ContainerRole } from '#pods/labels.ts';
import { RuntimeError, type ContainerConfig, type SandboxConfig } from '#runtime.ts';

/** On a pod: its main containers end after so many seconds. */
export const runSecondsAnnotation = 'skerry.io/simulated-run-seconds';
/** On a pod that ends: with this exit code; 0 unless told. */
export const exitCodeAnnotation = 'skerry.io/simulated-exit-code';

export interface Ending {
  readonly afterMs: number;
  readonly exitCode: number;
}

/** A timer takes no more than 2^31 ms. */
const runSecondsMax = 2_000_000;

/** Undefined for a container that runs until it is stopped. Refuses values that mean nothing. */
export function endingOf(
  { annotations }: Pick<ContainerConfig, 'annotations'>,
  pod: Pick<SandboxConfig, 'annotations'>,
): Ending | undefined {
  const role = annotations[annotation.role] as ContainerRole | undefined;
  if (role === 'init') return { afterMs: 0, exitCode: 0 };
  const seconds = pod.annotations[runSecondsAnnotation];
  if (seconds === undefined || role === 'sidecar') return undefined;
  return {
    afterMs: numberIn(runSecondsAnnotation, seconds, { pattern: /^\d+(\.\d+)?$/, max: runSecondsMax }) * 1000,
    exitCode: numberIn(exitCodeAnnotation, pod.annotations[exitCodeAnnotation] ?? '0', {
      pattern: /^\d+$/,
      max: 255,
    }),
  };
}

function numberIn(name: string, text: string, { pattern, max }: { pattern: RegExp; max: number }): number {
  const value = pattern.test(text) ? Number(text) : Infinity;
  if (value <= max) return value;
  throw new RuntimeError('refused', `${name}: ${JSON.stringify(text)} is no number between 0 and ${max}`);
}

/** As a container's log says it. */
export function endingText(ending: Ending | undefined): string {
  if (!ending) return 'it "runs" until it is stopped';
  return `it "ends" after ${ending.afterMs / 1000} s with exit code ${ending.exitCode}`;
}
