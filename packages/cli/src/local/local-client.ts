/** Asks the agent of this machine over its socket. */
import http from 'node:http';
import { join } from 'node:path';
import { isRecord, SkerryError } from '@skerry/base';

export function localSocket(dataDirectory: string): string {
  return join(dataDirectory, 'node', 'local.sock');
}

export interface LocalRequest {
  readonly method?: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: object;
}

/** The open answer. @throws SkerryError `agent-not-running`, or with what the agent says. */
export async function openLocal(socketPath: string, request: LocalRequest): Promise<http.IncomingMessage> {
  const { method = 'GET', body } = request;
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
    const sent = http.request({ socketPath, method, path: pathOf(request) }, resolve);
    sent.on('error', (cause: NodeJS.ErrnoException) => reject(explained(socketPath, cause)));
    sent.end(body && JSON.stringify(body));
  });
  if (response.statusCode === 200) return response;
  throw new SkerryError('local-refused', messageOf(await textOf(response)));
}

export async function askLocal<T>(socketPath: string, request: LocalRequest): Promise<T> {
  return JSON.parse(await textOf(await openLocal(socketPath, request))) as T;
}

export function pathOf({ path, query = {} }: LocalRequest): string {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value]],
  );
  const text = new URLSearchParams(given as [string, string][]).toString();
  return text === '' ? path : `${path}?${text}`;
}

export function explained(socketPath: string, cause: NodeJS.ErrnoException): SkerryError {
  if (cause.code === 'EACCES')
    return new SkerryError('not-root', `${socketPath} is for its owner alone; run this as root`, { cause });
  return new SkerryError(
    'agent-not-running',
    `no agent answers at ${socketPath}; is \`skerry agent\` running, and is --data-dir its folder?`,
    { cause },
  );
}

async function textOf(response: http.IncomingMessage): Promise<string> {
  let text = '';
  response.setEncoding('utf8');
  for await (const part of response as AsyncIterable<string>) text += part;
  return text;
}

function messageOf(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value) && typeof value['error'] === 'string') return value['error'];
  } catch {
    // The node's own server answers in plain text.
  }
  return text.trim();
}
