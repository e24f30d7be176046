import { parentPort } from 'node:worker_threads';
import type { WriterRequest } from '#sqlite/protocol.ts';

/** A writer thread that opens, and at the first write dies, or with `?stalled` never comes back from the disk. */
const port = parentPort;
if (!port) throw new Error('this runs as a worker thread');
const stalled = new URL(import.meta.url).search === '?stalled';
port.on('message', ({ type, id }: WriterRequest) => {
  if (type === 'expire') port.postMessage({ type: 'expired', id, entries: [] });
  else if (type === 'close') port.postMessage({ type: 'closed', id });
  else if (!stalled) throw new Error('the writer breaks');
});
port.postMessage({ type: 'ready' });
