import { ApiError, encodeProtobuf, type AnyObject, type Status } from '@skerry/api';
import {
  compress,
  negotiateStatus,
  parseAccept,
  pretty,
  sendBody,
  yamlText,
  type Answer,
  type Sink,
} from '@skerry/serving';
import type { Exchange, ResponseStream } from '#http/exchange.ts';

/** Bodies up to this go out in one write; longer ones piece by piece as the client takes them. */
const joinedBytesMax = 256 * 1024;

/** Sends a finished answer of `@skerry/serving`, compressed where the client wants it and it pays. */
export async function sendAnswer(exchange: Exchange, answer: Answer): Promise<void> {
  exchange.audit.answering(answer.body, answer.headers['Content-Type']);
  const shown = wantsPretty(exchange) ? pretty(answer) : answer;
  const { status, headers, body } = await compress(shown, exchange.headers['accept-encoding']);
  if (exchange.method === 'HEAD' || Number(headers['Content-Length']) <= joinedBytesMax) {
    const pieces = [...body];
    exchange.send(status, headers, pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces));
    return;
  }
  const stream = exchange.open(status, headers);
  if (await sendBody(body, (chunk) => stream.write(chunk))) stream.end();
}

const people = /^(curl|Wget|Mozilla\/5\.0)/;
const yes = /^(1|t|T|true|TRUE|True)$/;

/** People with a terminal or a browser read indented JSON; `?pretty` says so either way. */
function wantsPretty(exchange: Exchange): boolean {
  const asked = exchange.query.get('pretty');
  if (asked) return yes.test(asked);
  if (/;\s*pretty=1/.test(exchange.headers['accept'] ?? '')) return true;
  return people.test(exchange.headers['user-agent'] ?? '');
}

export function sendJson(exchange: Exchange, status: number, value: object): void {
  const text = wantsPretty(exchange) ? JSON.stringify(value, null, 2) : JSON.stringify(value);
  exchange.send(status, { 'Content-Type': 'application/json' }, `${text}\n`);
}

/** For answers that are neither kept nor listed: no Table and no bare metadata can be had of them. Throws 406. */
export function requireWholeAnswer({ headers }: Pick<Exchange, 'headers'>): void {
  const clauses = parseAccept(headers['accept'] ?? '');
  if (clauses.length === 0 || clauses.some(({ parameters }) => parameters['as'] === undefined)) return;
  const types = 'application/json, application/yaml, application/vnd.kubernetes.protobuf';
  throw new ApiError('NotAcceptable', `only the following media types are accepted: ${types}`);
}

/** A Status in the form that the client asked for; where it asked for none that there is, in JSON for people. */
export function sendStatus(exchange: Exchange, status: Status): void {
  switch (negotiateStatus(exchange.headers['accept'])) {
    case 'protobuf':
      exchange.send(
        status.code,
        { 'Content-Type': 'application/vnd.kubernetes.protobuf' },
        encodeProtobuf(status as unknown as AnyObject),
      );
      return;
    case 'yaml':
      exchange.send(status.code, { 'Content-Type': 'application/yaml' }, yamlText(status));
      return;
    case 'json':
      sendJson(exchange, status.code, status);
      return;
    case undefined:
      exchange.send(status.code, { 'Content-Type': 'application/json' }, JSON.stringify(status, null, 2));
  }
}

export function sendText(exchange: Exchange, status: number, text: string): void {
  exchange.send(
    status,
    { 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' },
    text,
  );
}

/** A watch's sink that begins the answer with its first frame, or when told. */
export class ResponseSink implements Sink {
  readonly #begin: () => ResponseStream;
  #stream: ResponseStream | undefined;
  #listener: (() => void) | undefined;

  constructor(begin: () => ResponseStream) {
    this.#begin = begin;
  }

  open(): ResponseStream {
    return (this.#stream ??= this.#begin());
  }

  write(chunk: Uint8Array): boolean {
    const written = this.open().write(chunk);
    if (typeof written === 'boolean') return written;
    void written.then((alive) => {
      if (alive) this.#listener?.();
    });
    return false;
  }

  onDrain(listener: () => void): void {
    this.#listener = listener;
  }

  end(): void {
    this.#stream?.end();
  }

  destroy(): void {
    this.#stream?.destroy();
  }
}
