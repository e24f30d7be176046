/** Plays all cases and says of each how our answers differ from what is expected: from the recording, or a living server. */
import { describeError } from '@skerry/base';
import type { Answer, Case, Cluster, Step } from './case.ts';
import { Client, type Target } from './client.ts';
import { compareAnswers, describeDifference } from './compare.ts';
import { readExpectations } from './expectations.ts';
import { knownReason } from './known-differences.ts';
import { runCase } from './run-case.ts';

export interface CaseResult {
  readonly area: string;
  readonly name: string;
  readonly steps: readonly Step[];
  /** `known`: it differs, and `known-differences.ts` says why. */
  readonly outcome: 'passed' | 'failed' | 'known';
  readonly reasons: readonly string[];
  /** What the other server answered. */
  readonly expected: readonly Answer[] | undefined;
}

export interface Sides {
  readonly ours: Target;
  /** The recorded answers are taken without it. */
  readonly reference?: Target;
}

export interface CompareOptions extends Sides {
  /** For the cases that ask for one. */
  readonly clusters: Readonly<Record<Cluster, Sides>>;
  readonly nowMs: number;
  readonly random: () => number;
}

/** Cases that are played side by side; those marked `first` go alone before. */
const casesAtOnce = 4;

export async function compareServers(cases: readonly Case[], options: CompareOptions): Promise<CaseResult[]> {
  const sides = clientsOf(options);
  const clusters = new Map(
    (Object.keys(options.clusters) as Cluster[]).map((name) => [name, clientsOf(options.clusters[name])]),
  );
  const recorded = new Map(
    [...new Set(cases.map(({ area }) => area))].map((area) => [area, readExpectations(area)]),
  );
  const results = new Map<Case, CaseResult>();
  const play = async (each: Case) => {
    const asked = (each.cluster && clusters.get(each.cluster)) ?? sides;
    const expected = asked.reference ? undefined : recorded.get(each.area)?.get(each.name);
    results.set(each, await playCase(each, { ...asked, expected }, options));
  };
  for (const each of cases) if (each.first) await play(each);
  const rest = cases.filter(({ first }) => !first).values();
  await Promise.all(
    Array.from({ length: casesAtOnce }, async () => {
      for (const each of rest) await play(each);
    }),
  );
  for (const { ours, reference } of [sides, ...clusters.values()]) {
    ours.close();
    reference?.close();
  }
  return cases.map((each) => results.get(each)!);
}

interface Clients {
  readonly ours: Client;
  readonly reference: Client | undefined;
}

function clientsOf({ ours, reference }: Sides): Clients {
  return { ours: new Client(ours), reference: reference && new Client(reference) };
}

async function playCase(
  each: Case,
  sides: Clients & { readonly expected: readonly Answer[] | undefined },
  { nowMs, random }: CompareOptions,
): Promise<CaseResult> {
  const { area, name, steps } = each;
  const how = { name: randomName(random), nowMs, digests: sides.reference === undefined };
  try {
    const expected = sides.reference ? await runCase(sides.reference, each, how) : sides.expected;
    if (!expected)
      return { area, name, steps, outcome: 'failed', reasons: ['no answer is recorded'], expected };
    const answers = await runCase(sides.ours, each, how);
    return { area, name, steps, expected, ...judged(each, answers, expected) };
  } catch (error) {
    return { area, name, steps, outcome: 'failed', reasons: [describeError(error)], expected: undefined };
  }
}

function judged(
  each: Case,
  answers: readonly Answer[],
  expected: readonly Answer[],
): Pick<CaseResult, 'outcome' | 'reasons'> {
  const failures: string[] = [];
  const known = new Set<string>();
  for (const [index, step] of each.steps.entries()) {
    const [ours, theirs] = [answers[index], expected[index]];
    if (!ours || !theirs) return { outcome: 'failed', reasons: ['the recording has other steps'] };
    for (const difference of compareAnswers(ours, theirs)) {
      const reason = knownReason(each, difference);
      if (reason) known.add(reason);
      else
        failures.push(
          `step ${index} (${step.method ?? 'GET'} ${step.path}) ${describeDifference(difference)}`,
        );
    }
  }
  if (failures.length > 0) return { outcome: 'failed', reasons: failures };
  return known.size > 0 ? { outcome: 'known', reasons: [...known] } : { outcome: 'passed', reasons: [] };
}

/** Of one length, so that texts keep theirs; no name of another kind looks like it. */
function randomName(random: () => number): string {
  const letters = 'bcdfghjkmnpqrstvwxz';
  return `c${Array.from({ length: 9 }, () => letters[Math.floor(random() * letters.length)]).join('')}`;
}
