import { SkerryError } from '@skerry/base';
import { describe, expect, test } from 'vitest';
import { Report, wasShown } from './report.ts';

function screen(options: { isTTY: boolean; columns?: number }) {
  let written = '';
  const report = new Report({ ...options, write: (text) => void (written += text) }, () => 0);
  return {
    report,
    get written() {
      // oxlint-disable-next-line no-control-regex
      return written.replaceAll(/\u001b\[\d*m/g, '');
    },
    /** What a terminal would show: a carriage return with clear-to-end starts a row afresh. */
    get rows() {
      return this.written.split('\n').map((row) => row.split('\r\u001b[K').at(-1));
    },
  };
}

describe('a report', () => {
  test('elsewhere than on a terminal has finished lines only', async () => {
    const output = screen({ isTTY: false });
    await output.report.step(
      'keys',
      async () => 2,
      (count) => `${count} made`,
    );
    expect(output.written).toBe('  ✓ keys  2 made\n');
  });

  test('names all steps that run in one last row and clears it', async () => {
    const output = screen({ isTTY: true, columns: 80 });
    const first = Promise.withResolvers<void>();
    const second = Promise.withResolvers<void>();
    const steps = [
      output.report.step('one', () => first.promise),
      output.report.step('two', () => second.promise),
    ];
    expect(output.rows).toEqual(['  … one, two']);
    second.resolve();
    await steps[1];
    expect(output.rows).toEqual(['  ✓ two', '  … one']);
    first.resolve();
    await steps[0];
    expect(output.rows).toEqual(['  ✓ two', '  ✓ one', '']);
  });

  test('never lets the last row wrap', () => {
    const output = screen({ isTTY: true, columns: 20 });
    void output.report.step('a title that is much too long', () => new Promise(() => undefined));
    expect(output.rows.at(-1)?.length).toBeLessThan(20);
  });

  test('says why a step failed, once', async () => {
    const output = screen({ isTTY: false });
    const error = new SkerryError('broken', 'the cable is cut');
    await expect(output.report.step('line', () => Promise.reject(error))).rejects.toBe(error);
    expect(output.written).toBe('  ✗ line: the cable is cut (broken)\n');
    expect(wasShown(error)).toBe(true);
  });

  test('calls a step that was cut short stopped', async () => {
    const output = screen({ isTTY: false });
    const work = () => Promise.reject(new Error('asked to stop'));
    await expect(output.report.step('line', work, undefined, AbortSignal.abort())).rejects.toThrow();
    expect(output.written).toBe('  - line: stopped\n');
  });
});
