/**
 * `npm run bench`: the figures of the product's budgets, measured on the release bundle. Options: `--only GROUP` (repeat or
 * separate by commas), `--quick`, `--nodes N`, `--json FILE`. Everything that it starts ends with it.
 */
import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { refuseOption, scriptOptions } from '../tools/script-options.ts';
import { type Figure, figureOf, tableOf } from './figure.ts';
import type { BenchContext, BenchGroup } from './group.ts';
import { measureApi } from './groups/api.ts';
import { measureConsole } from './groups/console.ts';
import { measureDns } from './groups/dns.ts';
import { measureLink, measureStorm } from './groups/link.ts';
import { measureNetwork } from './groups/network.ts';
import { measureNode } from './groups/node.ts';
import { measureSchedule } from './groups/schedule.ts';
import { measureServices } from './groups/services.ts';
import { measureStart } from './groups/start.ts';
import { measureWatch } from './groups/watch.ts';
import { measureWorkloads } from './groups/workloads.ts';
import { SharedCluster } from './shared-cluster.ts';

/** In this order they run; those with a shared cluster last, idle bytes before any pod is there. */
const groups: Readonly<Record<string, BenchGroup>> = {
  start: measureStart,
  api: measureApi,
  watch: measureWatch,
  schedule: measureSchedule,
  console: measureConsole,
  storm: measureStorm,
  link: measureLink,
  workloads: measureWorkloads,
  node: measureNode,
  network: async (given) => [
    ...(await measureDns(given)),
    ...(await measureServices(given)),
    ...(await measureNetwork(given)),
  ],
};

const usage = `usage: npm run bench -- [--only GROUP[,GROUP]] [--quick] [--nodes N] [--json FILE]

  --only GROUP  only these groups: ${Object.keys(groups).join(' ')}
  --quick       smaller loads, for a first look
  --nodes N     nodes of the groups schedule and workloads: 5000, or with --quick 1000 and 50, unless told
  --json FILE   also writes the figures, and what they were measured on, to a file`;

const values = scriptOptions(usage, {
  only: { type: 'string', multiple: true },
  json: { type: 'string' },
  quick: { type: 'boolean', default: false },
  nodes: { type: 'string' },
});

const wanted = values.only?.flatMap((text) => text.split(','));
const unknown = wanted?.filter((name) => !Object.hasOwn(groups, name)) ?? [];
if (unknown.length > 0) refuseOption(`no such group: ${unknown.join(' ')}`);

const nodes = values.nodes === undefined ? undefined : Number(values.nodes);
if (nodes !== undefined && !(Number.isInteger(nodes) && nodes >= 3 && nodes <= 5000))
  refuseOption('--nodes takes a number from 3 to 5000');

const note = (text: string) => process.stderr.write(`  ${text}\n`);
const cluster = new SharedCluster();
const context: BenchContext = { quick: values.quick, nodes, cluster, note };
const figures: Figure[] = [];
try {
  for (const [name, measure] of Object.entries(groups)) {
    if (wanted && !wanted.includes(name)) continue;
    const startedMs = performance.now();
    note(`${name} …`);
    try {
      for (const measured of await measure(context)) figures.push(figureOf(name, measured));
    } catch (error) {
      process.exitCode = 1;
      note(`${name} could not be measured: ${error instanceof Error ? error.message : String(error)}`);
    }
    note(`${name} took ${((performance.now() - startedMs) / 1000).toFixed(0)} s`);
  }
} finally {
  await cluster.stop();
}
if (figures.length > 0) console.log(`\n${tableOf(figures)}`);
if (values.json !== undefined) {
  const machine = {
    processor: cpus()[0]?.model ?? '',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 1024 ** 3),
    node: process.version,
  };
  writeFileSync(values.json, `${JSON.stringify({ machine, figures }, null, 2)}\n`);
}
