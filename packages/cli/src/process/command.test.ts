import { expect, test } from 'vitest';
import { runCommand } from './command.ts';

test('a program that fails is told with its own words', async () => {
  await expect(runCommand('sh', ['-c', 'echo no such thing >&2; exit 4'])).rejects.toMatchObject({
    code: 'command-failed',
    message: expect.stringMatching(/ended with 4: no such thing$/) as string,
  });
});

test('a program that does not end in its time is told apart from one that fails', async () => {
  await expect(runCommand('sleep', ['60'], { timeoutMs: 50 })).rejects.toMatchObject({
    code: 'command-timeout',
    message: expect.stringContaining('sleep 60: did not end within 0.05 s') as string,
  });
});

test('a program that was given up is none that ran out of time', async () => {
  const stop = new AbortController();
  const ended = runCommand('sleep', ['60'], { signal: stop.signal });
  stop.abort();
  await expect(ended).rejects.toMatchObject({ code: 'command-failed' });
});
