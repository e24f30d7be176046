import { write } from 'node:fs';
import { promisify } from 'node:util';
import type { AuditOutput } from './audit-log.ts';

/** The descriptor under which a child of the center has the center's own standard output. */
export const parentOutput = 4;

const writeTo = promisify(write);

/** Lines to a descriptor that somebody else opened and closes. */
export function descriptorOutput(descriptor: number): AuditOutput {
  return {
    async write(lines) {
      for (let rest = lines; rest.length > 0;) {
        const { bytesWritten } = await writeTo(descriptor, rest);
        rest = rest.subarray(bytesWritten);
      }
    },
    close: () => Promise.resolve(),
  };
}
