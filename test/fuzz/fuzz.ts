/**
 * `npm run fuzz`: bad input of every sort against a server of its own, for as long as you like. A failure names the seed
 * and the smallest input that shows it.
 */
import { refuseOption, scriptOptions } from '../../tools/script-options.ts';
import { areas } from './areas.ts';
import { Target } from './target.ts';

const usage = `usage: npm run fuzz -- [--seconds N] [--only AREA[,AREA]] [--seed N]

  --seconds N   how long, all areas together; 60 unless told
  --only AREA   only these areas: ${Object.keys(areas).join(' ')}
  --seed N      the seed to begin with; a random one unless told`;

interface Options {
  readonly seconds: number;
  readonly only: readonly string[];
  readonly seed: number;
}

function options(): Options {
  const values = scriptOptions(usage, {
    seconds: { type: 'string', default: '60' },
    only: { type: 'string', default: Object.keys(areas).join(',') },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
  });
  const only = values.only.split(',');
  const unknown = only.filter((name) => !Object.hasOwn(areas, name));
  if (unknown.length > 0) refuseOption(`no such area: ${unknown.join(' ')}`);
  return { seconds: wholeNumber('seconds', values.seconds), seed: wholeNumber('seed', values.seed), only };
}

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,10}$/.test(text)) return Number(text);
  return refuseOption(`--${name} takes a whole number, not ${JSON.stringify(text)}`);
}

async function fuzz({ seconds, only, seed }: Options): Promise<number> {
  console.log(`fuzz: seed ${seed}, ${seconds} s, ${only.join(' ')}`);
  const probes = only.flatMap((area) => (areas[area] ?? []).map((probe) => ({ area, probe })));
  const timeMs = (seconds * 1000) / probes.length;
  let failures = 0;
  let target = await Target.start();
  let inputs = 0;
  for (const { area, probe } of probes) {
    const startedMs = performance.now();
    const result = await probe
      .run(target, { seed, runs: Number.MAX_SAFE_INTEGER, timeMs })
      .catch((error: unknown) => ({
        runs: 0,
        dearest: { cpuMs: 0, input: '' },
        failure: error instanceof Error ? error.message : String(error),
      }));
    inputs += result.runs;
    const secondsTaken = ((performance.now() - startedMs) / 1000).toFixed(1);
    console.log(
      `${result.failure ? 'FAILED' : 'ok    '} ${area}: ${probe.name}: ${result.runs} inputs in ${secondsTaken} s, dearest ${result.dearest.cpuMs.toFixed(0)} ms`,
    );
    if (result.dearest.cpuMs > 100) console.log(`       dearest: ${result.dearest.input.slice(0, 200)}`);
    if (!result.failure) continue;
    failures++;
    console.log(result.failure.replace(/^/gm, '       '));
    // What a failure left behind is not held against the next probe.
    await target.stop();
    target = await Target.start();
  }
  const { heapBytes } = await target.report({ collected: true });
  await target.stop();
  console.log(
    `fuzz: ${inputs} inputs, ${failures} of ${probes.length} probes failed, ${Math.round(heapBytes / 2 ** 20)} MiB held at the end`,
  );
  return failures > 0 ? 1 : 0;
}

// At once: clearing up after thousands of broken connections, Node was seen to wait without end for some of their requests.
process.exit(await fuzz(options()));
