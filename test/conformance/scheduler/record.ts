/**
 * Plays the cases with the stock scheduler and keeps what came of them:
 *
 *     KUBE_APISERVER=… ETCD=… KUBE_CONTROLLER_MANAGER=… KUBE_SCHEDULER=… node test/conformance/scheduler/record.ts [TEXT]
 *
 * With TEXT those whose name has it are played again.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Outcome } from './case.ts';
import { cases } from './cases/index.ts';
import { startStockCluster } from './clusters.ts';
import { playCase } from './play.ts';

const file = join(import.meta.dirname, 'recorded.json');
const wanted = process.argv[2] ?? '';

const recorded = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Outcome>;
const cluster = await startStockCluster();
try {
  for (const played of cases) {
    if (!played.name.includes(wanted)) continue;
    recorded[played.name] = await playCase(cluster, played);
    console.log(played.name);
  }
} finally {
  await cluster.close();
  keep();
}

function keep(): void {
  const lines = cases
    .filter(({ name }) => recorded[name])
    .map(({ name }) => `${JSON.stringify(name)}:${JSON.stringify(recorded[name])}`);
  writeFileSync(file, `{\n${lines.join(',\n')}\n}\n`);
}
