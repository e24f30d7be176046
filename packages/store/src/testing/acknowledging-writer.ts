import { openSync, writeSync } from 'node:fs';
import { systemClock } from '@skerry/base';
import { openSqliteStore } from '#sqlite/sqlite-store.ts';

/**
 * A process that writes to a store and notes each acknowledgement as `key revision` in a file, for tests that kill or trace it.
 * Arguments: store, file of acknowledgements, name of this run, writers at once, and writes of each (`endless`).
 */
const [path = '', acknowledgements = '', run = '', writers = '1', writes = 'endless'] = process.argv.slice(2);
const writesMax = writes === 'endless' ? Infinity : Number(writes);
const notes = openSync(acknowledgements, 'a');
const store = await openSqliteStore({ path, clock: systemClock });

async function write(writer: number): Promise<void> {
  for (let i = 0; i < writesMax; i++) {
    const key = `/${run}/${writer}/${i}`;
    const { revision } = await store.create(key, Buffer.from(key.padEnd(1 + ((i * 37) % 3000), '.')));
    writeSync(notes, `${key} ${revision}\n`);
  }
}

await Promise.all(Array.from({ length: Number(writers) }, (_, writer) => write(writer)));
await store.close();
