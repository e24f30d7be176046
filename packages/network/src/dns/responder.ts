/** Turns a question into its answer: the cluster's own records first, others' by way of the forwarder. */
import { decode, type Answer, type RecordType } from 'dns-packet';
import type { Clock } from '@skerry/base';
import type { ClusterRecords } from '#dns/cluster-records.ts';
import type { Forwarded, Forwarder } from '#dns/forwarder.ts';
import type { LoopProbe } from '#dns/loop-probe.ts';
import type { NameServerMetrics, Transport } from '#dns/metrics.ts';
import {
  encodeQuestion,
  encodeReply,
  headerBytes,
  parseQuery,
  rcodes,
  udpLimit,
  type Query,
  type Reply,
} from '#dns/message.ts';
import { renderAnswer } from '#dns/upstream-answer.ts';

export interface ResponderOptions {
  readonly records: ClusterRecords;
  readonly forwarder: Forwarder;
  readonly loops: LoopProbe;
  readonly metrics: NameServerMetrics;
  readonly clock: Clock;
}

export type Responder = (
  packet: Buffer,
  transport: Transport,
) => Promise<Buffer | undefined> | Buffer | undefined;

const tcpBytesMax = 0xffff;

export function createResponder(options: ResponderOptions): Responder {
  const { records, metrics, clock } = options;
  return (packet, transport) => {
    const startedMs = clock.monotonic();
    const parsed = parseQuery(packet);
    if (parsed.kind === 'ignored') return undefined;
    if (parsed.kind === 'refused') {
      metrics.refused(transport, parsed.response);
      return parsed.response;
    }
    const { query } = parsed;
    const bytesMax = transport === 'udp' ? udpLimit(query) : tcpBytesMax;
    const done = (response: Buffer, zone: string) => {
      metrics.answered({ query, transport, zone, response, tookMs: clock.monotonic() - startedMs });
      return response;
    };
    const own = (reply: Reply) => done(encodeReply(query, reply, bytesMax), `${records.domain}.`);
    const barred = refusal(query);
    if (barred) return own(barred);
    const found = records.answer(query.question);
    if (found.kind === 'reply') return own(found.reply);
    if (found.kind === 'alias') {
      return answerAlias(query, found, options).then(own);
    }
    return forward(query, bytesMax, options).then((response) => done(response, '.'));
  };
}

function refusal({ question, edns }: Query): Reply | undefined {
  if (edns && edns.version !== 0) return { rcode: 'BADVERS' };
  return question.class === 'IN' ? undefined : { rcode: 'REFUSED' };
}

async function forward(
  query: Query,
  bytesMax: number,
  { forwarder, loops, metrics }: ResponderOptions,
): Promise<Buffer> {
  const { question, questionBytes, edns } = query;
  const name = question.name.toLowerCase();
  if (loops.isOwn(name)) return encodeReply(query, { rcode: 'NXDOMAIN' }, bytesMax);
  const forwarded = await forwarder.ask(name, {
    question: questionBytes,
    wantsDnssec: edns?.wantsDnssec ?? false,
  });
  if (forwarded.kind !== 'answer') return encodeReply(query, failure(forwarded), bytesMax);
  metrics.looked(forwarded);
  return renderAnswer(forwarded.answer, query, { ttl: forwarded.ttl, bytesMax });
}

function failure({ kind }: Forwarded): Reply {
  return { rcode: kind === 'overloaded' ? 'REFUSED' : 'SERVFAIL' };
}

/** The alias, and behind it what an upstream says of its target. */
async function answerAlias(
  { question }: Query,
  { records, target }: { records: readonly Answer[]; target: string },
  { forwarder }: ResponderOptions,
): Promise<Reply> {
  const targetQuestion = encodeQuestion(target, question.type as RecordType);
  const forwarded = await forwarder.ask(target.toLowerCase(), {
    question: targetQuestion,
    wantsDnssec: false,
  });
  if (forwarded.kind !== 'answer') return failure(forwarded);
  const query: Query = { id: 0, flags: 0, question, questionBytes: targetQuestion, edns: undefined };
  const packet = renderAnswer(forwarded.answer, query, { ttl: forwarded.ttl, bytesMax: tcpBytesMax });
  const found = packet.length > headerBytes ? (decode(packet).answers ?? []) : [];
  const isFailure = forwarded.answer.rcode === rcodes.SERVFAIL;
  if (isFailure) return { rcode: 'SERVFAIL' };
  return { rcode: 'NOERROR', authoritative: true, answers: [...records, ...found] };
}
