/** Plays a case against a server: each step's request made from the answers before it, each answer normalized. */
import { setTimeout as delay } from 'node:timers/promises';
import { decodeProtobuf, encodeProtobuf, type AnyObject } from '@skerry/api';
import { parse as parseYaml } from 'yaml';
import type { Answer, Case, Step } from './case.ts';
import type { Client, RawAnswer } from './client.ts';
import { Normalizer } from './normalize.ts';
import { digestOf, viewOf, withoutWords } from './view.ts';

export interface RunOptions {
  /** What `{{ns}}` becomes. */
  readonly name: string;
  readonly nowMs: number;
  /** Big documents as digests, as they are recorded. */
  readonly digests: boolean;
}

/** How often a step with `until` is asked, and how long between. */
const triesMax = 100;
const triesMs = 50;

const comparedHeaders = ['content-type', 'warning', 'allow', 'location', 'retry-after'];

export async function runCase(
  client: Client,
  { steps, namespace }: Case,
  options: RunOptions,
): Promise<Answer[]> {
  const normalizer = new Normalizer(options.name, options.nowMs);
  const bodies: unknown[] = [];
  const answers: Answer[] = [];
  if (namespace) await makeNamespace(client, options.name);
  for (const step of steps) {
    let raw = await send(client, step, options.name, bodies);
    for (let tries = 1; step.until !== undefined && raw.code !== step.until && tries < triesMax; tries++) {
      await delay(triesMs);
      raw = await send(client, step, options.name, bodies);
    }
    const body = decodedBody(raw);
    bodies.push(body);
    answers.push(answerOf(step, raw, body, normalizer, options));
  }
  return answers;
}

function answerOf(
  step: Step,
  raw: RawAnswer,
  body: unknown,
  normalizer: Normalizer,
  { digests }: RunOptions,
): Answer {
  if (step.onlyCode) return { code: raw.code, headers: {}, body: undefined };
  const names = [...comparedHeaders, ...(step.alsoHeaders ?? [])];
  const headers: Record<string, string | string[]> = {};
  for (const name of names) {
    const value = raw.headers[name];
    if (value !== undefined) headers[name] = Array.isArray(value) ? value : normalizer.text(value);
  }
  if (step.view && raw.code === 200) {
    const viewed = viewOf(step.view, body);
    return { code: raw.code, headers, body: digests ? digestOf(step.view, viewed) : withoutWords(viewed) };
  }
  return { code: raw.code, headers, body: normalizer.value(body) };
}

async function send(
  client: Client,
  step: Step,
  name: string,
  bodies: readonly unknown[],
): Promise<RawAnswer> {
  const fill = (text: string) => filled(text, name, bodies);
  const headers: Record<string, string> = { ...client.target.credentials(step.as ?? 'admin') };
  if (step.accept) headers['accept'] = step.accept;
  let body: string | Uint8Array | undefined;
  if (step.body !== undefined) {
    const text = fill(typeof step.body === 'string' ? step.body : JSON.stringify(step.body));
    body = step.protobuf ? encodeProtobuf(JSON.parse(text) as AnyObject) : text;
    headers['content-type'] =
      step.type ?? (step.protobuf ? 'application/vnd.kubernetes.protobuf' : 'application/json');
    headers['content-length'] = String(Buffer.byteLength(body));
  }
  for (const [header, value] of Object.entries(step.headers ?? {})) headers[header] = fill(value);
  return client.send({ method: step.method ?? 'GET', path: encodePath(fill(step.path)), headers, body });
}

/** Paths are written as people write them; what is encoded already stays. */
function encodePath(path: string): string {
  return encodeURI(path).replaceAll('%25', '%');
}

/** Puts in what `{{ns}}` and `{{0.metadata.uid}}` stand for. */
function filled(text: string, name: string, bodies: readonly unknown[]): string {
  return text.replaceAll(/\{\{([^{}]+)\}\}/g, (_all, reference: string) => {
    if (reference === 'ns') return name;
    const [step, ...path] = reference.split('.');
    let value: unknown = bodies[Number(step)];
    for (const key of path) value = (value as Record<string, unknown> | undefined)?.[key];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  });
}

function decodedBody({ headers, body }: RawAnswer): unknown {
  const type = headers['content-type'] ?? '';
  if (body.length === 0) return undefined;
  if (type.includes('protobuf')) return protobufBody(body);
  const text = body.toString('utf8');
  if (type.includes('json')) return type.includes('stream=watch') ? lines(text) : jsonOr(text);
  if (type.includes('yaml')) return parseYaml(text) as unknown;
  // A watch has no type of its own.
  return jsonOr(text);
}

function protobufBody(body: Buffer): unknown {
  try {
    return decodeProtobuf(body);
  } catch {
    return `<${body.length} bytes>`;
  }
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text.startsWith('{') ? lines(text) : text;
  }
}

function lines(text: string): unknown[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      try {
        return JSON.parse(line) as unknown;
      } catch {
        return line;
      }
    });
}

/** No controller makes the ServiceAccount that pods need. */
async function makeNamespace(client: Client, name: string): Promise<void> {
  const headers = { ...client.target.credentials('admin'), 'content-type': 'application/json' };
  const post = async (path: string, body: object) => {
    const answer = await client.send({ method: 'POST', path, headers, body: JSON.stringify(body) });
    if (answer.code !== 201) throw new Error(`POST ${path}: ${answer.code} ${answer.body.toString('utf8')}`);
  };
  await post('/api/v1/namespaces', { metadata: { name } });
  await post(`/api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: 'default' } });
}
