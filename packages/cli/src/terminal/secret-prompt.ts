import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

/** Asks for one line without showing what is typed. */
export function readSecret(prompt: string): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  process.stdout.write(prompt);
  return new Promise((resolve) => {
    lines.question('', (answer) => {
      lines.close();
      process.stdout.write('\n');
      resolve(answer.trim());
    });
  });
}
