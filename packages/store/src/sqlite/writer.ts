import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { storeFailure } from '#sqlite/failure.ts';
import { LogWriter } from '#sqlite/log-writer.ts';
import type { WriterData, WriterReply, WriterRequest } from '#sqlite/protocol.ts';

/**
 * Entry of the writer thread: takes all requests that have come in while the last commit was on its way to the disk, makes
 * them one transaction, and replies after COMMIT. So the number of waiting writers sets the size of a group, and one writer
 * alone waits for no one. Compaction runs in small pieces while nothing else waits, or after every few groups under load.
 */
const groupOperationsMax = 2000;
const groupsBetweenSweeps = 8;

const { path } = workerData as WriterData;
const port = parentPort;
if (!port) throw new Error('the writer runs as a worker thread');
const reply = (message: WriterReply) => port.postMessage(message);

let sweeping = false;
let groupsSinceSweep = 0;

const writer = open();
if (writer) {
  sweeping = true;
  port.on('message', (request: WriterRequest) => takeFrom(writer, request));
  reply({ type: 'ready' });
  scheduleSweep(writer);
}

function open(): LogWriter | undefined {
  try {
    return new LogWriter(path);
  } catch (error) {
    replyFailure(-1, error, `open ${path}`);
    port?.close();
    return undefined;
  }
}

function takeFrom(writer: LogWriter, first: WriterRequest): void {
  let next: WriterRequest | undefined = first;
  while (next) {
    if (next.type === 'write') {
      const group: (WriterRequest & { type: 'write' })[] = [];
      let size = 0;
      while (next?.type === 'write' && size < groupOperationsMax) {
        group.push(next);
        size += next.operations.length;
        next = receive();
      }
      commit(writer, group);
      if (sweeping && ++groupsSinceSweep >= groupsBetweenSweeps) sweep(writer);
    } else {
      handle(writer, next);
      if (next.type === 'close') return;
      next = receive();
    }
  }
}

function receive(): WriterRequest | undefined {
  return port ? (receiveMessageOnPort(port)?.message as WriterRequest | undefined) : undefined;
}

function commit(writer: LogWriter, group: (WriterRequest & { type: 'write' })[]): void {
  try {
    const replies = writer.transaction(() =>
      group.map(({ id, operations, values }) => ({
        type: 'written' as const,
        id,
        outcomes: operations.map((operation) => writer.write(operation, values)),
      })),
    );
    for (const message of replies) reply(message);
  } catch (error) {
    for (const { id } of group) replyFailure(id, error, `write to ${path}`);
  }
}

function handle(writer: LogWriter, request: Exclude<WriterRequest, { type: 'write' }>): void {
  const { id } = request;
  try {
    switch (request.type) {
      case 'expire':
        reply({ type: 'expired', id, ...writer.transaction(() => writer.expire(request.nowMs)) });
        return;
      case 'compact':
        writer.transaction(() => writer.setCompacted(request.revision));
        reply({ type: 'compacted', id });
        sweeping = true;
        scheduleSweep(writer);
        return;
      case 'scrub':
        writer.scrub();
        reply({ type: 'scrubbed', id });
        return;
      case 'close':
        writer.close();
        reply({ type: 'closed', id });
        sweeping = false;
        port?.close();
    }
  } catch (error) {
    replyFailure(id, error, `${request.type} in ${path}`);
  }
}

function scheduleSweep(writer: LogWriter): void {
  setImmediate(() => {
    if (sweeping) sweep(writer);
    if (sweeping) scheduleSweep(writer);
  });
}

function sweep(writer: LogWriter): void {
  groupsSinceSweep = 0;
  try {
    sweeping = writer.transaction(() => writer.sweep());
  } catch {
    // A full disk can't be freed by us now; the next compaction tries again from where this one stopped.
    sweeping = false;
  }
}

function replyFailure(id: number, error: unknown, action: string): void {
  const { code, message, cause } = storeFailure(error, action);
  const detail = cause instanceof Error ? ` (${cause.message})` : '';
  reply({ type: 'failed', id, failure: { code, message: `${message}${detail}` } });
}
