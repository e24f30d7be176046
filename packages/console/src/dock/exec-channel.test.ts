import { expect, test } from 'vitest';
import { inputFrame, readFrame, resizeFrame } from './exec-channel.ts';

const received = (channel: number, text: string): ArrayBuffer =>
  new Uint8Array([channel, ...new TextEncoder().encode(text)]).buffer;

test('what is typed and the size go over their channels', () => {
  expect([...inputFrame('é')]).toEqual([0, 0xc3, 0xa9]);
  expect(new TextDecoder().decode(resizeFrame({ cols: 80, rows: 24 }))).toBe(
    '\u0004{"Width":80,"Height":24}',
  );
});

test.each([
  [1, 'out', { type: 'output' }],
  [2, 'err', { type: 'output' }],
  [3, '{"status":"Success"}', { type: 'status', isSuccess: true }],
  [
    3,
    '{"status":"Failure","message":"exit code 3"}',
    { type: 'status', isSuccess: false, message: 'exit code 3' },
  ],
  [3, 'broken', { type: 'status', isSuccess: false, message: 'broken' }],
])('channel %i with %j', (channel, text, expected) => {
  expect(readFrame(received(channel, text))).toMatchObject(expected);
});

test('a channel that nobody knows is passed over', () => {
  expect(readFrame(received(9, 'x'))).toBeUndefined();
});
