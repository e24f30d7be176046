import { mkdtemp, readFile, readdir, rm, stat, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { AuditEvent } from '@skerry/apiserver';
import { FakeClock, recordingLogger } from '@skerry/base/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AuditLogWriter, type AuditLogOptions, type AuditOutput } from './audit-log.ts';
import { RotatedFile } from './rotated-file.ts';

const clock = new FakeClock();
const batch: AuditLogOptions = { mode: 'batch', bufferSize: 10_000 };
const event = (auditID: string) => ({ kind: 'Event', auditID }) as AuditEvent;

describe('the buffer', () => {
  /** An output that takes nothing until it is let go. */
  function blocked() {
    const gate = Promise.withResolvers<void>();
    const lines: string[] = [];
    const output: AuditOutput = {
      async write(bytes) {
        await gate.promise;
        lines.push(...Buffer.from(bytes).toString().trim().split('\n'));
      },
      close: () => Promise.resolve(),
    };
    return { output, lines, letGo: () => gate.resolve() };
  }

  test('drops and counts what does not fit, and keeps the rest in order', async () => {
    const { output, lines, letGo } = blocked();
    const log = recordingLogger();
    const writer = new AuditLogWriter(output, batch, { log, clock });
    const sent = 10_200;
    for (let index = 0; index < sent; index++) void writer.record(event(`${index}`));
    expect(writer.counts.dropped).toBeGreaterThan(0);
    expect(writer.counts.recorded + writer.counts.dropped).toBe(sent);
    letGo();
    await writer.close();
    expect(lines).toHaveLength(writer.counts.recorded);
    expect(lines.map((line) => (JSON.parse(line) as AuditEvent).auditID)).toEqual(
      Array.from({ length: lines.length }, (_, index) => `${index}`),
    );
    expect(log.lines.filter(({ message }) => message === 'audit events dropped')).toHaveLength(1);
  });

  test('goes on after a disk that failed, and counts what that cost', async () => {
    const written: string[] = [];
    let failing = true;
    const output: AuditOutput = {
      write(bytes) {
        if (failing) return Promise.reject(new Error('disk full'));
        written.push(Buffer.from(bytes).toString());
        return Promise.resolve();
      },
      close: () => Promise.resolve(),
    };
    const writer = new AuditLogWriter(output, batch, { log: recordingLogger(), clock });
    void writer.record(event('lost'));
    await writer.close();
    failing = false;
    void writer.record(event('kept'));
    await writer.close();
    expect(written.join('')).toBe(`${JSON.stringify(event('kept'))}\n`);
    expect(writer.counts).toEqual({ recorded: 1, dropped: 1 });
  });
});

describe('a request', () => {
  const failing: AuditOutput = {
    write: () => Promise.reject(new Error('disk full')),
    close: () => Promise.resolve(),
  };
  const writing = (mode: AuditLogOptions['mode'], output: AuditOutput) =>
    new AuditLogWriter(output, { mode, bufferSize: 10 }, { log: recordingLogger(), clock });

  test('waits until its event is written, where the mode says so', async () => {
    const lines: string[] = [];
    const output: AuditOutput = {
      write: (bytes) => Promise.resolve(void lines.push(Buffer.from(bytes).toString())),
      close: () => Promise.resolve(),
    };
    expect(writing('batch', output).record(event('1'))).toBeUndefined();
    await writing('blocking', output).record(event('2'));
    expect(lines).toEqual([event('1'), event('2')].map((each) => `${JSON.stringify(each)}\n`));
  });

  test('is refused where its event must be written and is not, and counted where it need not', async () => {
    await expect(writing('blocking-strict', failing).record(event('1'))).rejects.toThrow('disk full');
    const lenient = writing('blocking', failing);
    await lenient.record(event('1'));
    expect(lenient.counts).toEqual({ recorded: 0, dropped: 1 });
  });
});

describe('the file', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'skerry-audit-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const open = (
    options: { sizeMax?: number; backupsMax?: number; ageMaxDays?: number; compresses?: boolean } = {},
  ) =>
    RotatedFile.open(join(folder, 'logs/audit.log'), {
      sizeMax: 10,
      backupsMax: 0,
      ageMaxDays: 0,
      clock,
      ...options,
    });
  const write = (file: RotatedFile, text: string) => file.write(Buffer.from(text));
  const names = async () => (await readdir(join(folder, 'logs'))).sort();

  test('is for its owner alone, and is appended to', async () => {
    const first = await open();
    await write(first, 'one\n');
    await first.close();
    const second = await open();
    await write(second, 'two\n');
    await second.close();
    expect(await readFile(join(folder, 'logs/audit.log'), 'utf8')).toBe('one\ntwo\n');
    expect((await stat(join(folder, 'logs/audit.log'))).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 'logs'))).mode & 0o777).toBe(0o700);
  });

  test('is put aside before it grows past its size', async () => {
    const file = await open();
    await write(file, '12345678\n');
    await write(file, 'next\n');
    await file.close();
    const [aside = '', now] = await names();
    expect(aside).toMatch(/^audit-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}\.log$/);
    expect(now).toBe('audit.log');
    expect(await readFile(join(folder, 'logs', aside), 'utf8')).toBe('12345678\n');
    expect(await readFile(join(folder, 'logs/audit.log'), 'utf8')).toBe('next\n');
  });

  test('is compressed when it is put aside, where that is asked for, and still counted', async () => {
    const file = await open({ backupsMax: 1, compresses: true });
    for (const line of ['12345678\n', '23456789\n', 'next\n']) {
      await write(file, line);
      await clock.advance(1000);
    }
    await file.close();
    const [aside = '', ...rest] = await names();
    expect(rest).toEqual(['audit.log']);
    expect(aside).toMatch(/\.log\.gz$/);
    expect(gunzipSync(await readFile(join(folder, 'logs', aside))).toString()).toBe('23456789\n');
  });

  test('keeps as many as it may', async () => {
    const file = await open({ backupsMax: 2 });
    for (let index = 0; index < 5; index++) {
      await write(file, `line-${index}\n`);
      await clock.advance(1000);
    }
    await file.close();
    const kept = await names();
    expect(kept).toHaveLength(3);
    expect(await readFile(join(folder, 'logs', kept[0]!), 'utf8')).toBe('line-2\n');
  });

  test('keeps them as long as it may', async () => {
    const file = await open({ ageMaxDays: 1 });
    await write(file, 'old line\n');
    await write(file, 'new line\n');
    const [aside = ''] = await names();
    const before = new Date(clock.now() - 2 * 24 * 3_600_000);
    await utimes(join(folder, 'logs', aside), before, before);
    await clock.advance(1000);
    await write(file, 'newest\n');
    await file.close();
    expect(await names()).not.toContain(aside);
  });
});
