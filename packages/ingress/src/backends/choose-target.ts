/** Which backend by weight, and which endpoint of it: the less busy of two at random, so that a slow one is spared. */
import type { Target } from '#backends/endpoint-directory.ts';
import type { Backend } from '#routing/route.ts';

export function chooseBackend(backends: readonly Backend[], random: () => number): Backend | undefined {
  const whole = backends.reduce((sum, { weight }) => sum + weight, 0);
  let at = random() * whole;
  for (const backend of backends) {
    if (at < backend.weight) return backend;
    at -= backend.weight;
  }
  return undefined;
}

/** Requests under way, by endpoint. */
export class Busyness {
  readonly #count = new Map<string, number>();

  of({ address, port }: Target): number {
    return this.#count.get(`${address} ${port}`) ?? 0;
  }

  /** Returns what ends it; may be called twice. */
  begin({ address, port }: Target): () => void {
    const key = `${address} ${port}`;
    this.#count.set(key, (this.#count.get(key) ?? 0) + 1);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      const left = (this.#count.get(key) ?? 1) - 1;
      if (left > 0) this.#count.set(key, left);
      else this.#count.delete(key);
    };
  }
}

/** None of those that were tried already. */
export function chooseTarget(
  targets: readonly Target[],
  {
    tried,
    busyness,
    random,
  }: { readonly tried: ReadonlySet<Target>; readonly busyness: Busyness; readonly random: () => number },
): Target | undefined {
  const left = tried.size === 0 ? targets : targets.filter((target) => !tried.has(target));
  if (left.length < 2) return left[0];
  const first = Math.floor(random() * left.length);
  const second = (first + 1 + Math.floor(random() * (left.length - 1))) % left.length;
  return busyness.of(left[first]!) <= busyness.of(left[second]!) ? left[first] : left[second];
}
