/**
 * `npm test`: set-up, then types, lint, format, unit tests, answers compared with those of the real API server, tests on real containerd, stock clients against a
 * real center, the console in a real browser, before a stand-in and before a real cluster, and end-to-end tests, in this order.
 * All are run even when one fails; the last line counts tests and checks. `npm test -- unit` runs only the named parts.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cache, kubectl, node, removeDirectory, root, setUp } from './setup.mjs';

await setUp({ forTests: true });

const bin = (name) => join(root, 'node_modules/.bin', name);
/** @type {[name: string, run: () => { passed: number, failed: number, skipped: number }][]} */
const parts = [
  ['types', () => check([bin('tsc'), '--noEmit', '-p', root])],
  ['types of the console', () => check([bin('tsc'), '--noEmit', '-p', join(root, 'packages/console')])],
  ['lint', () => check([node, bin('oxlint'), '--type-aware', '--deny-warnings'])],
  ['format', () => check([node, bin('oxfmt'), '--check', '.'])],
  ['unit', () => vitest('unit')],
  ['conformance', () => vitest('conformance')],
  ['fuzz', () => vitest('fuzz')],
  ['containerd', () => vitest('containerd')],
  ['clients', () => vitest('clients')],
  ['console', () => vitest('console')],
  ['console-cluster', () => vitest('console-cluster')],
  ['e2e', () => vitest('e2e')],
];

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !parts.some(([part]) => part === name));
if (unknown.length > 0) {
  console.error(`no such part: ${unknown.join(' ')}; there are ${parts.map(([part]) => part).join(' ')}`);
  process.exit(2);
}

const failures = [];
let passed = 0;
let failed = 0;
let skipped = 0;
for (const [name, run] of parts) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`\n== ${name}`);
  const startedMs = Date.now();
  const counts = run();
  passed += counts.passed;
  failed += counts.failed;
  skipped += counts.skipped;
  if (counts.failed > 0) failures.push(name);
  console.log(
    `== ${name}: ${counts.failed > 0 ? 'FAILED' : 'ok'} in ${Math.round((Date.now() - startedMs) / 1000)} s`,
  );
}
console.log(failures.length > 0 ? `\nfailed: ${failures.join(', ')}` : '\nall parts ok');
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed > 0 ? 1 : 0;

function check([command, ...args]) {
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  return result.status === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 };
}

function vitest(project) {
  const reports = join(cache, 'reports');
  mkdirSync(reports, { recursive: true });
  const report = join(reports, `${project}.json`);
  removeDirectory(report);
  const result = spawnSync(
    node,
    [
      bin('vitest'),
      'run',
      '--project',
      project,
      '--passWithNoTests',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ],
    {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: {
        ...process.env,
        KUBECTL: kubectl,
        PATH: `${join(root, 'node_modules/.bin')}:${process.env.PATH}`,
      },
    },
  );
  if (!existsSync(report)) return { passed: 0, failed: 1, skipped: 0 };
  const counts = JSON.parse(readFileSync(report, 'utf8'));
  const failed = Math.max(counts.numFailedTests, result.status === 0 ? 0 : 1);
  return { passed: counts.numPassedTests, failed, skipped: counts.numPendingTests };
}
