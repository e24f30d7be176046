import { parentPort } from 'node:worker_threads';
import type { WriterRequest } from '#sqlite/protocol.ts';

/** A writer thread that says it is ready, passes over the first `expire`, and dies of the first write. */
const port = parentPort;
if (!port) throw new Error('this runs as a worker thread');
port.on('message', ({ type, id }: WriterRequest) => {
  if (type === 'expire') port.postMessage({ type: 'expired', id, entries: [] });
  else throw new Error('the writer breaks');
});
port.postMessage({ type: 'ready' });
