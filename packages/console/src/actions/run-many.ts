/** Does something to many objects, a few at a time, and keeps what came of each. Stops at the first word that it should. */
import { useRef, useState } from 'react';
import { statusOf } from '#api/status-error.ts';
import type { Target } from './dialog-state.ts';

export interface Outcome {
  readonly target: Target;
  readonly state: 'waiting' | 'running' | 'done' | 'failed';
  readonly message?: string;
}

const atOnceMax = 4;

export function useRunMany(targets: readonly Target[]) {
  const [outcomes, setOutcomes] = useState<readonly Outcome[]>(() =>
    targets.map((target) => ({ target, state: 'waiting' })),
  );
  const [phase, setPhase] = useState<'asking' | 'running' | 'over'>('asking');
  const isStopped = useRef(false);
  const run = async (
    act: (target: Target, say: (message: string) => void) => Promise<unknown>,
  ): Promise<boolean> => {
    setPhase('running');
    const note = (index: number, change: Partial<Outcome>): void =>
      setOutcomes((all) => all.map((one, at) => (at === index ? { ...one, ...change } : one)));
    let next = 0;
    let areAllDone = true;
    const work = async (): Promise<void> => {
      while (next < targets.length && !isStopped.current) {
        const index = next++;
        const target = targets[index];
        if (!target) continue;
        note(index, { state: 'running' });
        try {
          await act(target, (message) => note(index, { message }));
          note(index, { state: 'done' });
        } catch (error) {
          areAllDone = false;
          note(index, { state: 'failed', message: statusOf(error).message ?? '' });
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(atOnceMax, targets.length) }, work));
    setPhase('over');
    return areAllDone && !isStopped.current;
  };
  return {
    outcomes,
    phase,
    run,
    stop: () => {
      isStopped.current = true;
    },
    isStopped: () => isStopped.current,
  };
}
