/**
 * A probe is one property: inputs, and what must hold of each. It is run from a seed, so that a failure is found again by
 * its seed alone, and fast-check makes the failing input small.
 */
import { check as checkProperty, asyncProperty, type Arbitrary } from 'fast-check';
import type { Target } from './target.ts';

export interface Probe {
  readonly name: string;
  run(target: Target, options: ProbeOptions): Promise<ProbeResult>;
}

export interface ProbeOptions {
  readonly seed: number;
  /** Inputs at most. */
  readonly runs: number;
  /** Time at most; what is not tried by then is left out. */
  readonly timeMs: number;
}

export interface ProbeResult {
  readonly runs: number;
  /** What failed, with the smallest input that does; undefined: all held. */
  readonly failure: string | undefined;
  /** The dearest input in time of the server's thread. */
  readonly dearest: { readonly cpuMs: number; readonly input: string };
}

/** Time that the server's thread may compute for one input. */
const cpuMsMax = 2_000;
const inputLengthMax = 600;

export function probe<T>(
  name: string,
  inputs: Arbitrary<T>,
  hold: (target: Target, input: T) => Promise<void>,
  /** A probe of few dear inputs runs fewer. */
  { share = 1 }: { readonly share?: number } = {},
): Probe {
  return {
    name,
    async run(target, { seed, runs, timeMs }) {
      let dearest = { cpuMs: 0, input: '' };
      let count = 0;
      let { cpuMs: before } = await target.report();
      const held = async (input: T) => {
        count++;
        target.countInput();
        await hold(target, input);
        const { cpuMs } = await target.expectSound();
        const cost = cpuMs - before;
        before = cpuMs;
        if (cost > dearest.cpuMs) dearest = { cpuMs: cost, input: shown(input) };
        if (cost > cpuMsMax) throw new Error(`the input cost ${Math.round(cost)} ms of the server's thread`);
      };
      let last: Promise<void> = Promise.resolve();
      const property = asyncProperty(inputs, (input) => (last = held(input)));
      const details = await checkProperty(property, {
        seed,
        numRuns: Math.max(1, Math.round(runs * share)),
        interruptAfterTimeLimit: timeMs,
        markInterruptAsFailure: false,
        endOnFailure: false,
      });
      // When time is up the last input is still under way, and whoever comes next would be blamed for it.
      await last.catch(() => undefined);
      if (!details.failed) await target.expectSound({ collected: true });
      const failure =
        details.failed && details.counterexample
          ? `seed ${details.seed}, path ${details.counterexamplePath}: ${shown(details.counterexample?.[0])}\n${describe(details.errorInstance)}`
          : undefined;
      return { runs: count, failure, dearest };
    },
  };
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function shown(input: unknown): string {
  const text = JSON.stringify(input, (_, value: unknown) =>
    value instanceof Uint8Array ? `base64:${Buffer.from(value).toString('base64')}` : value,
  );
  return (text ?? String(input)).slice(0, inputLengthMax);
}
