/**
 * DNS messages as a server takes and gives them; the codec itself is `dns-packet`. What strangers send is judged by its
 * first twelve bytes before anything is decoded, and the question goes back byte by byte as it came, so that upper and
 * lower case, which some resolvers use against forgery, are the asker's own.
 *
 * Owner names that are the question's are written as a pointer to it, which is most of what compression is worth here.
 */
import { decode, encode, type Answer, type RecordType } from 'dns-packet';

export interface Question {
  /** As asked, without the dot at its end; empty for the root. */
  readonly name: string;
  /** `A`, `SRV`, or `UNKNOWN_65` where the codec has no name for it. */
  readonly type: string;
  readonly class: string;
}

export interface Query {
  readonly id: number;
  readonly flags: number;
  readonly question: Question;
  /** The question section as it came. */
  readonly questionBytes: Buffer;
  /** Present where the asker speaks EDNS. */
  readonly edns:
    | { readonly payloadBytes: number; readonly version: number; readonly wantsDnssec: boolean }
    | undefined;
}

export type Parsed =
  | { readonly kind: 'query'; readonly query: Query }
  /** Not for us to answer, or not to be answered safely: an answer to an answer makes a loop. */
  | { readonly kind: 'ignored' }
  | { readonly kind: 'refused'; readonly response: Buffer };

export const rcodes = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  BADVERS: 16,
} as const;
export type Rcode = keyof typeof rcodes;

export interface Reply {
  readonly rcode: Rcode;
  readonly authoritative?: boolean;
  readonly truncated?: boolean;
  readonly answers?: readonly Answer[];
  readonly authorities?: readonly Answer[];
  readonly additionals?: readonly Answer[];
}

export const headerBytes = 12;
/** What passes every link in one piece; more than that goes over TCP. https://www.dnsflagday.net/2020/ */
export const udpPayloadBytesMax = 1_232;
const udpPayloadBytesPlain = 512;
const queryBytesMax = 4_096;

export const flagBits = { qr: 0x8000, aa: 0x0400, tc: 0x0200, rd: 0x0100, ra: 0x0080, cd: 0x0010 } as const;
const opcodeMask = 0x7800;
export const dnssecOk = 0x8000;
/** A name in the message, by its distance from the start: the question's. */
const pointerToQuestion = Buffer.from([0xc0, headerBytes]);

/** Which messages are taken is what CoreDNS' library takes: one question, and no more sections than a query has. */
export function parseQuery(packet: Buffer): Parsed {
  if (packet.length < headerBytes || packet.length > queryBytesMax) return { kind: 'ignored' };
  const flags = packet.readUInt16BE(2);
  if (flags & flagBits.qr) return { kind: 'ignored' };
  if (flags & opcodeMask) return refused(packet, 'NOTIMP');
  const counts = [4, 6, 8, 10].map((offset) => packet.readUInt16BE(offset));
  const [questions = 0, answers = 0, authorities = 0, additionals = 0] = counts;
  if (questions !== 1 || answers > 0 || authorities > 1 || additionals > 2) return refused(packet, 'FORMERR');
  try {
    return { kind: 'query', query: decodeQuery(packet, flags) };
  } catch {
    return refused(packet, 'FORMERR');
  }
}

function decodeQuery(packet: Buffer, flags: number): Query {
  const { questions = [], additionals = [] } = decode(packet);
  const [question] = questions;
  if (!question) throw new Error('no question');
  const opt = additionals.find((record) => record.type === 'OPT');
  return {
    id: packet.readUInt16BE(0),
    flags,
    question: {
      name: question.name === '.' ? '' : question.name,
      type: question.type,
      class: question.class ?? 'IN',
    },
    questionBytes: packet.subarray(headerBytes, questionEnd(packet)),
    edns: opt && {
      payloadBytes: opt.udpPayloadSize,
      version: opt.ednsVersion,
      wantsDnssec: (opt.flags & dnssecOk) !== 0,
    },
  };
}

/** Behind the name, type and class of the first question. A question has nothing before it to point at. */
export function questionEnd(packet: Buffer): number {
  let offset = headerBytes;
  for (;;) {
    const length = packet[offset];
    if (length === undefined || length > 63) throw new Error('bad label');
    offset += length + 1;
    if (length === 0) break;
  }
  const end = offset + 4;
  if (end > packet.length) throw new Error('question cut off');
  return end;
}

/** The header alone: what came after it can't be trusted. */
function refused(packet: Buffer, rcode: Rcode): Parsed {
  const response = Buffer.alloc(headerBytes);
  packet.copy(response, 0, 0, 2);
  const asked = packet.readUInt16BE(2);
  response.writeUInt16BE(flagBits.qr | (asked & (opcodeMask | flagBits.rd)) | rcodes[rcode], 2);
  return { kind: 'refused', response };
}

/** A question of our own, as bytes. */
export function encodeQuestion(name: string, type: RecordType): Buffer {
  return encode({ questions: [{ name, type }] }).subarray(headerBytes);
}

/** How many bytes an asker takes over UDP. */
export function udpLimit({ edns }: Query): number {
  if (!edns) return udpPayloadBytesPlain;
  return Math.min(Math.max(edns.payloadBytes, udpPayloadBytesPlain), udpPayloadBytesMax);
}

/** At most `bytesMax`: what doesn't fit is left out, and the asker told so where it was part of the answer. */
export function encodeReply(query: Query, reply: Reply, bytesMax: number): Buffer {
  const rcode = rcodes[reply.rcode];
  const options = query.edns ? [optRecord(rcode >> 4)] : [];
  const parts: Buffer[] = [];
  let room = bytesMax - headerBytes - query.questionBytes.length - (options[0]?.length ?? 0);
  let truncated = reply.truncated ?? false;
  const add = (records: readonly Answer[] | undefined, { isOptional = false } = {}) => {
    let count = 0;
    for (const record of records ?? []) {
      const bytes = truncated ? undefined : encodeRecord(record, query);
      if (!bytes || bytes.length > room) {
        truncated ||= !isOptional;
        break;
      }
      room -= bytes.length;
      parts.push(bytes);
      count++;
    }
    return count;
  };
  const answers = add(reply.answers);
  const authorities = add(reply.authorities);
  const additionals = add(reply.additionals, { isOptional: true }) + options.length;
  const header = Buffer.alloc(headerBytes);
  header.writeUInt16BE(query.id, 0);
  const flags =
    flagBits.qr |
    flagBits.ra |
    (query.flags & (flagBits.rd | flagBits.cd)) |
    (reply.authoritative ? flagBits.aa : 0) |
    (truncated ? flagBits.tc : 0) |
    (rcode & 0xf);
  [flags, 1, answers, authorities, additionals].forEach((value, index) =>
    header.writeUInt16BE(value, 2 + 2 * index),
  );
  return Buffer.concat([header, query.questionBytes, ...parts, ...options]);
}

function encodeRecord(record: Answer, { question, questionBytes }: Query): Buffer {
  const bytes = encode({ type: 'response', answers: [record] }).subarray(headerBytes);
  if (record.name !== question.name || question.name === '') return bytes;
  return Buffer.concat([pointerToQuestion, bytes.subarray(questionBytes.length - 4)]);
}

/** Says what we take over UDP. https://www.rfc-editor.org/rfc/rfc6891#section-6.1.2 */
export function optRecord(extendedRcode = 0, flags = 0): Buffer {
  const record = Buffer.alloc(11);
  record.writeUInt16BE(41, 1);
  record.writeUInt16BE(udpPayloadBytesMax, 3);
  record.writeUInt8(extendedRcode, 5);
  record.writeUInt16BE(flags, 7);
  return record;
}
