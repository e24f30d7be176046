/**
 * Plays the sequences against the stock controllers and keeps what they left:
 *
 *     KUBE_APISERVER=… ETCD=… KUBE_CONTROLLER_MANAGER=… KUBE_SCHEDULER=… node test/conformance/controllers/record.ts [TEXT…]
 *
 * With TEXT those whose name has one of them are played again. What is steady is waited for, so this takes minutes.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startStockCluster } from './clusters.ts';
import { type Looks, playSequence } from './play.ts';
import { sequences } from './sequences/index.ts';

const file = join(import.meta.dirname, 'recorded.json');
/** More at a time are not steady on a small machine. */
const width = 8;
const wanted = process.argv.slice(2);

const recorded = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Looks>;
const chosen = [...sequences.entries()].filter(
  ([, { name }]) => wanted.length === 0 || wanted.some((text) => name.includes(text)),
);
const cluster = await startStockCluster();
try {
  const worker = async () => {
    for (let next = chosen.shift(); next; next = chosen.shift()) {
      const [index, sequence] = next;
      try {
        recorded[sequence.name] = await playSequence(cluster, { sequence, namespace: `sequence-${index}` });
        console.log(sequence.name);
      } catch (error) {
        console.error(`${sequence.name}:`, error);
        process.exitCode = 1;
      }
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
} finally {
  await cluster.close();
}
const lines = sequences
  .filter(({ name }) => recorded[name])
  .map(({ name }) => {
    const looks = Object.entries(recorded[name] ?? {}).map(
      ([look, seen]) => `${JSON.stringify(look)}:${JSON.stringify(seen)}`,
    );
    return `${JSON.stringify(name)}:{\n${looks.join(',\n')}\n}`;
  });
writeFileSync(file, `{\n${lines.join(',\n')}\n}\n`);
