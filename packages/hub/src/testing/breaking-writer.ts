/**
 * Writes three batches to the cache named by its first argument, and kills itself at the step whose number is its second.
 * Prints what it has finished. Each batch says of every object which batch it is of.
 */
import { writeSync } from 'node:fs';
import { silentLogger } from '@skerry/base';
import { CacheFile, type CoverageChange } from '#cache/cache-file.ts';
import { Sealer } from '#cache/sealer.ts';

const [, , path = '', killAt = ''] = process.argv;
let step = 0;

const file = CacheFile.open({
  path,
  sealer: new Sealer(Buffer.alloc(32, 1)),
  log: silentLogger,
  onStep() {
    if (step++ === Number(killAt)) process.kill(process.pid, 'SIGKILL');
  },
});

function change(batch: number, names: readonly string[], { whole }: { whole: boolean }): CoverageChange {
  const value = Buffer.from(String(batch));
  return {
    kind: 'Secret',
    own: true,
    whole,
    secret: true,
    revision: batch,
    asOfMs: batch,
    usedMs: batch,
    objects: new Map(names.map((name) => [name, { revision: batch, value }])),
  };
}

const all = ['a', 'b', 'c', 'd'];
const batches = [
  change(1, all, { whole: true }),
  change(2, all, { whole: false }),
  change(3, ['a', 'e', 'f'], { whole: true }),
];
for (const [index, each] of batches.entries()) {
  const note = { value: Buffer.from(String(index + 1)), usedMs: index, secret: true };
  await file.write({ coverages: new Map([['c', each]]), notes: new Map([['n', new Map([['k', note]])]]) });
  writeSync(1, `${index + 1}\n`);
}
writeSync(1, `steps ${step}\n`);
file.close();
