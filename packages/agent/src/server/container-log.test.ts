import { appendFile, mkdtemp, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@skerry/base';
import { eventually } from '@skerry/base/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readContainerLog } from '#server/container-log.ts';
import { parseLogOptions, type LogOptions } from '#server/log-options.ts';

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'log-'));
  path = join(directory, '0.log');
});
afterEach(() => rm(directory, { recursive: true }));

const lines = [
  '2026-01-01T00:00:01.5Z stdout F one',
  '2026-01-01T00:00:02.000000002Z stderr F two',
  '2026-01-01T00:00:03+02:00 stdout P thr',
  '2026-01-01T00:00:03.1+02:00 stdout F ee',
  '2026-01-01T00:00:04Z stdout F ',
  'not a line of a runtime',
  '2026-01-01T00:00:05Z stdout F:tag five  spaced',
];

function follow(query: string, { ended = () => Promise.resolve(true) } = {}) {
  const stop = new AbortController();
  const options: LogOptions = parseLogOptions(new URLSearchParams(query), Date.parse('2026-01-01T00:00:06Z'));
  const source = { path, clock: systemClock, signal: stop.signal, ended };
  const result = { text: '', stop: () => stop.abort(), done: Promise.resolve() };
  result.done = (async () => {
    for await (const piece of readContainerLog(source, options)) result.text += String(piece);
  })();
  return result;
}

async function read(query: string): Promise<string> {
  const reading = follow(query);
  await reading.done;
  return reading.text;
}

describe("a container's log", () => {
  test.each([
    ['', 'one\ntwo\nthree\n\nfive  spaced\n'],
    ['stream=Stderr', 'two\n'],
    ['stream=Stdout&limitBytes=6', 'one\nth'],
    ['tailLines=0', ''],
    ['tailLines=1', 'five  spaced\n'],
    ['tailLines=3', '\nfive  spaced\n'],
    ['tailLines=100', 'one\ntwo\nthree\n\nfive  spaced\n'],
    ['sinceTime=2026-01-01T00:00:02Z', 'two\n\nfive  spaced\n'],
    ['sinceSeconds=2', '\nfive  spaced\n'],
    ['limitBytes=5', 'one\nt'],
    [
      'timestamps=true',
      '2026-01-01T00:00:01.500000000Z one\n2026-01-01T00:00:02.000000002Z two\n' +
        '2026-01-01T00:00:03.000000000+02:00 three\n2026-01-01T00:00:04.000000000Z \n' +
        '2026-01-01T00:00:05.000000000Z five  spaced\n',
    ],
  ])('read with %j', async (query, expected) => {
    await writeFile(path, `${lines.join('\n')}\n`);
    expect(await read(query)).toBe(expected);
  });

  test('is found from its end across many blocks', async () => {
    const many = Array.from(
      { length: 5000 },
      (_, i) => `2026-01-01T00:00:01Z stdout F line ${i} ${'x'.repeat(40)}`,
    );
    await writeFile(path, `${many.join('\n')}\n`);
    const tail = await read('tailLines=4000');
    expect(tail.split('\n').length).toBe(4001);
    expect(tail.startsWith('line 1000 ')).toBe(true);
    expect((await read('')).length).toBe(
      many.join('\n').length + 1 - 5000 * '2026-01-01T00:00:01Z stdout F '.length,
    );
  });

  test('is empty before the container wrote anything', async () => {
    expect(await read('')).toBe('');
    expect(await read('follow=true')).toBe('');
  });

  test('is followed through rotation and truncation until the container ends', async () => {
    await writeFile(path, `${lines[0]}\n`);
    let over = false;
    const reading = follow('follow=true', { ended: () => Promise.resolve(over) });
    await eventually(() => expect(reading.text).toBe('one\n'));
    await appendFile(path, '2026-01-01T00:00:02Z stdout F half');
    await appendFile(path, ' and half\n');
    await eventually(() => expect(reading.text).toBe('one\nhalf and half\n'));
    await rename(path, `${path}.20260101`);
    await appendFile(`${path}.20260101`, '2026-01-01T00:00:03Z stdout F last of the old\n');
    await writeFile(path, '2026-01-01T00:00:04Z stdout F first of the new\n');
    await eventually(() => expect(reading.text).toMatch(/last of the old\nfirst of the new\n$/));
    await truncate(path, 0);
    await eventually(async () => {
      await writeFile(path, '2026-01-01T00:00:05Z stdout F a\n');
      expect(reading.text).toMatch(/a\n$/);
    });
    over = true;
    await reading.done;
  });

  test('is left when its reader goes', async () => {
    await writeFile(path, `${lines[0]}\n`);
    const reading = follow('follow=true', { ended: () => Promise.resolve(false) });
    await eventually(() => expect(reading.text).toBe('one\n'));
    reading.stop();
    await reading.done;
  });

  test.each(['tailLines=-1', 'limitBytes=0', 'sinceSeconds=x', 'sinceTime=yesterday', 'stream=Both'])(
    'is refused for %s',
    (query) => expect(() => parseLogOptions(new URLSearchParams(query), 0)).toThrow(/must be|RFC 3339/),
  );
});
