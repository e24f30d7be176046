/**
 * What a container leaves behind to say why it ended.
 * https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/
 */
import { open } from 'node:fs/promises';
import { annotation } from '#pods/labels.ts';
import type { ContainerStatus } from '#runtime.ts';

const fileBytesMax = 4096;
const logBytesMax = 2048;
const logLinesMax = 80;

export async function terminationMessage(container: ContainerStatus): Promise<string | undefined> {
  const file = container.annotations[annotation.terminationMessageFile];
  const written = file ? await readTail(file, fileBytesMax) : '';
  if (written) return written;
  const policy = container.annotations[annotation.terminationMessagePolicy];
  if (policy === 'FallbackToLogsOnError' && container.exitCode !== 0 && container.logPath) {
    const text = await logTail(container.logPath);
    if (text) return text;
  }
  return container.message || undefined;
}

async function readTail(path: string, bytesMax: number): Promise<string> {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      const length = Math.min(size, bytesMax);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
      return buffer.subarray(0, bytesRead).toString('utf8');
    } finally {
      await file.close();
    }
  } catch {
    return '';
  }
}

/**
 * The log's lines begin with time, stream and a tag: `2026-01-01T00:00:00Z stdout F text`. One with the tag P is not at its
 * end: what was printed without a line break, or in more than a runtime takes at once.
 */
async function logTail(path: string): Promise<string> {
  const raw = await readTail(path, logBytesMax * 8);
  const lines = raw.split('\n').filter((line) => line !== '');
  const texts = lines.slice(-logLinesMax).map((line) => {
    const [, , tag = '', ...text] = line.split(' ');
    return tag.split(':')[0] === 'P' ? text.join(' ') : `${text.join(' ')}\n`;
  });
  return texts.join('').slice(-logBytesMax);
}
