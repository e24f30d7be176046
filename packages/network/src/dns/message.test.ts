import { decode, encode, type Answer } from 'dns-packet';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeReply, parseQuery, udpLimit, type Query, type Reply } from '#dns/message.ts';
import { answersQuestion, parseUpstreamAnswer, renderAnswer } from '#dns/upstream-answer.ts';

const opt = (udpPayloadSize: number): Answer => ({
  type: 'OPT',
  name: '.',
  udpPayloadSize,
  extendedRcode: 0,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
  options: [],
});

function question(name: string, { payload = 0 } = {}): Query {
  const packet = encode({
    type: 'query',
    id: 4711,
    flags: 0x0100,
    questions: [{ type: 'A', name }],
    additionals: payload ? [opt(payload)] : [],
  });
  const parsed = parseQuery(packet);
  if (parsed.kind !== 'query') throw new Error(parsed.kind);
  return parsed.query;
}

const addresses = (name: string, count: number): Answer[] =>
  Array.from({ length: count }, (_, n) => ({ type: 'A', name, ttl: 30, data: `10.0.0.${n}` }));

test('an answer has the number and the spelling of its question, and names it by a pointer', () => {
  const query = question('Web.Default.svc.cluster.LOCAL');
  const bytes = encodeReply(
    query,
    { rcode: 'NOERROR', authoritative: true, answers: addresses(query.question.name, 2) },
    512,
  );
  expect(bytes).toHaveLength(12 + query.questionBytes.length + 2 * 16);
  expect(decode(bytes)).toMatchObject({
    id: 4711,
    type: 'response',
    flag_aa: true,
    flag_ra: true,
    flag_rd: true,
    rcode: 'NOERROR',
    questions: [{ name: 'Web.Default.svc.cluster.LOCAL', type: 'A' }],
    answers: [
      { name: 'Web.Default.svc.cluster.LOCAL', data: '10.0.0.0' },
      { name: 'Web.Default.svc.cluster.LOCAL', data: '10.0.0.1' },
    ],
    additionals: [],
  });
});

test.each([
  [0, 512],
  [100, 512],
  [800, 800],
  [4_096, 1_232],
])(
  'with a payload of %i, %i bytes are sent over UDP and the rest is asked for over TCP',
  (payload, limit) => {
    const query = question('web.default.svc.cluster.local', { payload });
    expect(udpLimit(query)).toBe(limit);
    const reply: Reply = { rcode: 'NOERROR', answers: addresses(query.question.name, 250) };
    const short = encodeReply(query, reply, udpLimit(query));
    expect(short.length).toBeLessThanOrEqual(limit);
    expect(short.length).toBeGreaterThan(limit - 16);
    expect(decode(short)).toMatchObject({ flag_tc: true, additionals: payload ? [{ type: 'OPT' }] : [] });
    expect(decode(encodeReply(query, reply, 65_535))).toMatchObject({ flag_tc: false });
  },
);

test('records that are only a help are left out without a word', () => {
  const query = question('web.default.svc.cluster.local');
  const reply: Reply = {
    rcode: 'NOERROR',
    answers: addresses(query.question.name, 1),
    additionals: addresses('other.default.svc.cluster.local', 50),
  };
  expect(decode(encodeReply(query, reply, 512))).toMatchObject({ flag_tc: false });
});

test.each([
  ['an answer', 0x8180, [1, 1, 0, 0], 'ignored'],
  ['an update', 0x2800, [1, 0, 0, 0], 4],
  ['two questions', 0x0100, [2, 0, 0, 0], 1],
  ['no question', 0x0100, [0, 0, 0, 0], 1],
  ['a question that points at itself', 0x0100, [1, 0, 0, 0], 1],
])('%s is ignored or refused by its header', (_, flags, counts, expected) => {
  const packet = Buffer.concat([
    Buffer.from([0x12, 0x34]),
    ...[flags, ...counts].map((value) => Buffer.from([value >> 8, value & 0xff])),
    Buffer.from([0xc0, 12, 0, 1, 0, 1]),
  ]);
  const parsed = parseQuery(packet);
  if (expected === 'ignored') expect(parsed.kind).toBe('ignored');
  else {
    expect(parsed.kind === 'refused' && parsed.response.readUInt16BE(2) & 0xf).toBe(expected);
    expect(parsed.kind === 'refused' && parsed.response.readUInt16BE(0)).toBe(0x1234);
  }
});

test('no packet breaks the reader, and what it takes can be answered', () => {
  const mutated = fc
    .tuple(
      fc.constantFrom(question('a.b'), question('web.default.svc.cluster.local', { payload: 1_232 })),
      fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 6 }),
      fc.uint8Array({ maxLength: 40 }),
    )
    .map(([query, changes, tail]) => {
      const whole = encodeReply(query, { rcode: 'NOERROR' }, 512);
      whole.writeUInt16BE(0x0100, 2);
      for (const [at, value] of changes) if (at < whole.length) whole[at] = value;
      return Buffer.concat([whole, tail]);
    });
  const anything = fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(fc.oneof(mutated, anything), (packet) => {
      const parsed = parseQuery(packet);
      if (parsed.kind === 'refused') expect(parsed.response).toHaveLength(12);
      if (parsed.kind !== 'query') return;
      const response = encodeReply(parsed.query, { rcode: 'SERVFAIL' }, udpLimit(parsed.query));
      expect(response.readUInt16BE(0)).toBe(packet.readUInt16BE(0));
      expect(response.readUInt16BE(2) & 0x8000).toBe(0x8000);
      expect(response.length).toBeLessThanOrEqual(512);
    }),
    { numRuns: 3_000 },
  );
});

test('no packet of an upstream breaks its reader, and what it reads it can give again', () => {
  const query = question('example.org');
  const good = encode({
    type: 'response',
    id: 1,
    flags: 0x0180,
    questions: [{ type: 'A', name: 'example.org' }],
    answers: addresses('example.org', 3),
    additionals: [opt(1_232)],
  });
  const mutated = fc
    .tuple(fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 6 }), fc.nat(good.length))
    .map(([changes, length]) => {
      const packet = Buffer.from(good);
      for (const [at, value] of changes) packet[at] = value;
      return packet.subarray(0, length);
    });
  fc.assert(
    fc.property(mutated, (packet) => {
      if (!answersQuestion(packet, { id: 1, question: query.questionBytes })) return;
      let answer;
      try {
        answer = parseUpstreamAnswer(packet);
      } catch {
        return;
      }
      const given = renderAnswer(answer, query, { ttl: () => 1, bytesMax: 512 });
      expect(given.length).toBeLessThanOrEqual(512);
    }),
    { numRuns: 3_000 },
  );
});
