/**
 * What an upstream said, kept as bytes: the records as they came, with the places of their TTLs, so that it can be given
 * again and again with no decoding, counted down by its age. Its EDNS options are taken off; they were for us.
 */
import { dnssecOk, flagBits, headerBytes, optRecord, questionEnd, rcodes, type Query } from '#dns/message.ts';

export interface UpstreamAnswer {
  readonly rcode: number;
  /** Of the header: only what the asker may know of (truncation is ours to say again). */
  readonly flags: number;
  /** Numbers of answers, authorities and additionals. */
  readonly counts: readonly number[];
  /** All behind the question. */
  readonly records: Buffer;
  /** Where in `records`. */
  readonly ttlOffsets: readonly number[];
  /** How long it may be given for; undefined where it may not be kept. */
  readonly lifeSeconds: number | undefined;
}

const recordTypes = { soa: 6, opt: 41 } as const;
const authenticData = 0x0020;
const lifeSecondsMax = { success: 3_600, denial: 30, failure: 5 } as const;

interface Walked {
  readonly section: number;
  readonly type: number;
  readonly start: number;
  readonly ttlOffset: number;
  readonly ttl: number;
  readonly end: number;
}

export function isTruncated(packet: Buffer): boolean {
  return (packet.readUInt16BE(2) & flagBits.tc) !== 0;
}

/** Whether it answers this question at all: a forged or stray packet must not count. */
export function answersQuestion(packet: Buffer, { id, question }: { id: number; question: Buffer }): boolean {
  if (packet.length < headerBytes + question.length || packet.readUInt16BE(0) !== id) return false;
  if (!(packet.readUInt16BE(2) & flagBits.qr) || packet.readUInt16BE(4) !== 1) return false;
  const asked = packet.subarray(headerBytes, headerBytes + question.length);
  return questionKey(asked) === questionKey(question);
}

/** The same for every spelling in upper and lower case. Type and class have no letters that could be mistaken. */
export function questionKey(question: Buffer): string {
  const name = question
    .toString('latin1', 0, question.length - 4)
    .replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
  return name + question.toString('latin1', question.length - 4);
}

/** Throws on a packet that is broken. */
export function parseUpstreamAnswer(packet: Buffer): UpstreamAnswer {
  const flags = packet.readUInt16BE(2);
  const counts = [6, 8, 10].map((offset) => packet.readUInt16BE(offset));
  const begin = questionEnd(packet);
  const walked = walk(packet, begin, counts);
  const last = walked.at(-1);
  const isOptLast = last?.type === recordTypes.opt;
  const kept = isOptLast ? walked.slice(0, -1) : walked;
  const rcode = flags & 0xf;
  return {
    rcode,
    flags: flags & authenticData,
    counts: isOptLast ? [counts[0] ?? 0, counts[1] ?? 0, (counts[2] ?? 1) - 1] : counts,
    records: Buffer.from(packet.subarray(begin, isOptLast ? last.start : packet.length)),
    ttlOffsets: kept.filter(({ type }) => type !== recordTypes.opt).map(({ ttlOffset }) => ttlOffset - begin),
    lifeSeconds: flags & flagBits.tc ? undefined : lifeOf(packet, rcode, kept),
  };
}

function walk(packet: Buffer, begin: number, counts: readonly number[]): Walked[] {
  const walked: Walked[] = [];
  let offset = begin;
  for (const [section, count] of counts.entries()) {
    for (let n = 0; n < count; n++) {
      const ttlOffset = skipName(packet, offset) + 4;
      const end = ttlOffset + 6 + packet.readUInt16BE(ttlOffset + 4);
      if (end > packet.length) throw new Error('record cut off');
      const type = packet.readUInt16BE(ttlOffset - 4);
      walked.push({ section, type, start: offset, ttlOffset, ttl: packet.readUInt32BE(ttlOffset), end });
      offset = end;
    }
  }
  return walked;
}

function skipName(packet: Buffer, start: number): number {
  let offset = start;
  for (;;) {
    const length = packet.readUInt8(offset);
    if (length >= 0xc0) return offset + 2;
    if (length > 63) throw new Error('bad label');
    offset += length + 1;
    if (length === 0) return offset;
  }
}

/** https://www.rfc-editor.org/rfc/rfc2308#section-5 */
function lifeOf(packet: Buffer, rcode: number, records: readonly Walked[]): number | undefined {
  const answers = records.filter(({ section }) => section === 0);
  if (rcode === rcodes.NOERROR && answers.length > 0) {
    return Math.min(lifeSecondsMax.success, ...answers.map(({ ttl }) => ttl));
  }
  if (rcode === rcodes.NOERROR || rcode === rcodes.NXDOMAIN) {
    const soa = records.find(({ section, type }) => section === 1 && type === recordTypes.soa);
    if (!soa || soa.end - soa.ttlOffset < 26) return undefined;
    return Math.min(lifeSecondsMax.denial, soa.ttl, packet.readUInt32BE(soa.end - 4));
  }
  return rcode === rcodes.SERVFAIL ? lifeSecondsMax.failure : undefined;
}

/** `ttl`: what is left of a TTL. An asker who takes less is told to come back over TCP. */
export function renderAnswer(
  answer: UpstreamAnswer,
  query: Query,
  { ttl, bytesMax }: { ttl: (original: number) => number; bytesMax: number },
): Buffer {
  const options = query.edns ? optRecord(0, query.edns.wantsDnssec ? dnssecOk : 0) : undefined;
  const whole = headerBytes + query.questionBytes.length + answer.records.length + (options?.length ?? 0);
  const fits = whole <= bytesMax;
  const header = Buffer.alloc(headerBytes);
  const flags =
    flagBits.qr |
    flagBits.ra |
    answer.flags |
    (query.flags & (flagBits.rd | flagBits.cd)) |
    (fits ? 0 : flagBits.tc) |
    answer.rcode;
  const [answers = 0, authorities = 0, additionals = 0] = fits ? answer.counts : [];
  const fields = [query.id, flags, 1, answers, authorities, additionals + (options ? 1 : 0)];
  for (const [index, value] of fields.entries()) header.writeUInt16BE(value, 2 * index);
  const parts = [header, query.questionBytes];
  if (fits) {
    const records = Buffer.from(answer.records);
    for (const offset of answer.ttlOffsets) records.writeUInt32BE(ttl(records.readUInt32BE(offset)), offset);
    parts.push(records);
  }
  if (options) parts.push(options);
  return Buffer.concat(parts);
}
