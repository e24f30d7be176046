/**
 * The door of a running `skerry up` for `skerry up machine …`: HTTP on a Unix socket in its 0700 folder. A request is
 * answered when its work is done, with JSON or with an error's code and message.
 */
import { rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { describeError, SkerryError } from '@skerry/base';
import * as z from 'zod';
import type { DataDirectory } from '#data-directory.ts';
import type { Up } from './up.ts';
import type { MachineRecord } from './up-state.ts';

const name = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/, 'must have 1 to 32 lower-case letters, digits and -');

const requestSchema = z.discriminatedUnion('action', [
  z.strictObject({
    action: z.literal('add'),
    name,
    region: name,
    pool: name,
    gpus: z.int().min(0).max(64),
    token: z.string().max(500).optional(),
  }),
  z.strictObject({ action: z.literal('remove'), name }),
  z.strictObject({ action: z.literal('list') }),
]);

export type UpRequest = z.infer<typeof requestSchema>;

export interface UpAnswer {
  readonly machines: readonly MachineRecord[];
  readonly processes: Readonly<Record<string, number | undefined>>;
}

const bodyBytesMax = 64 * 1024;

export async function listenForUpRequests(
  up: Up,
  data: DataDirectory,
  signal: AbortSignal,
): Promise<{ close(): Promise<void> }> {
  const socket = socketOf(data);
  await rm(socket, { force: true });
  const underWay = new Set<Promise<void>>();
  const server = createServer((message, response) => {
    const work = answer(up, message, response, signal);
    underWay.add(work);
    void work.finally(() => underWay.delete(work));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socket, resolve);
  });
  return {
    // Requests under way see the signal and undo what they began; only then may everything else be stopped.
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await Promise.all(underWay);
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Asks a running `skerry up`. Fails with `server-not-running` when none listens for this data directory. */
export function askUp(data: DataDirectory, body: UpRequest): Promise<UpAnswer> {
  return new Promise((resolve, reject) => {
    const call = request({
      socketPath: socketOf(data),
      method: 'POST',
      path: '/',
      headers: { 'content-type': 'application/json' },
    });
    call.on('error', (error) =>
      reject(
        new SkerryError(
          'server-not-running',
          `no \`skerry up\` runs on ${data.path}; start it, or name its folder with --data-dir`,
          {
            cause: error,
          },
        ),
      ),
    );
    call.on('response', (response) => {
      readJson(response).then((value) => {
        if (response.statusCode === 200) resolve(value as UpAnswer);
        else {
          const { code, message } = value as { code: string; message: string };
          reject(new SkerryError(code, message));
        }
      }, reject);
    });
    call.end(JSON.stringify(body));
  });
}

async function answer(
  up: Up,
  message: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const reply = (status: number, value: unknown) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(value));
  };
  try {
    const parsed = requestSchema.safeParse(await readJson(message));
    if (!parsed.success) {
      const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
      reply(400, { code: 'usage', message: faults.join('; ') });
      return;
    }
    const wanted = parsed.data;
    if (wanted.action === 'add') {
      const { name: machine, region, pool, gpus, token } = wanted;
      await up.addMachine({ name: machine, region, pool, gpus, token }, signal);
    } else if (wanted.action === 'remove') {
      await up.removeMachine(wanted.name);
    }
    reply(200, { machines: up.machines, processes: up.processes } satisfies UpAnswer);
  } catch (error) {
    reply(500, { code: error instanceof SkerryError ? error.code : 'failed', message: describeError(error) });
  }
}

async function readJson(stream: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > bodyBytesMax) throw new SkerryError('usage', `a request is at most ${bodyBytesMax} bytes`);
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

function socketOf(data: DataDirectory): string {
  return join(data.run, 'up.sock');
}
