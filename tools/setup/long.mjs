/**
 * `npm run test:long`: set-up, then the end-to-end tests that have a long form, in it: a cut of five minutes with the periods that a
 * center has by itself, a line that flaps for two minutes, 5,000 nodes that are cut off and return at once, a thousand of them
 * with pods.
 * `npm run test:long -- link-cut` runs only the named files.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { kubectl, node, root, setUp } from './setup.mjs';

const files = ['link-cut', 'fleet'];
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !files.includes(name));
if (unknown.length > 0) {
  console.error(`no long form of ${unknown.join(' ')}; there are those of ${files.join(' ')}`);
  process.exit(2);
}

await setUp({ forTests: true });
const result = spawnSync(
  node,
  [
    join(root, 'node_modules/.bin/vitest'),
    'run',
    '--project',
    'e2e',
    '--testTimeout=1200000',
    '--maxWorkers=1',
    ...(wanted.length > 0 ? wanted : files).map((name) => `test/e2e/${name}.e2e.ts`),
  ],
  {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...process.env,
      SKERRY_TEST_LONG: '1',
      KUBECTL: kubectl,
      PATH: `${join(root, 'node_modules/.bin')}:${process.env.PATH}`,
    },
  },
);
process.exitCode = result.status ?? 1;
