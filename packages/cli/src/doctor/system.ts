/** The machine as the checks see it: everything they read or try passes here, so that any machine can be played in a test. */
import { existsSync } from 'node:fs';
import { readFile, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { freemem, hostname, totalmem } from 'node:os';
import { delimiter, join } from 'node:path';
import { runCommand } from '#process/command.ts';

export interface DoctorSystem {
  readonly platform: string;
  readonly architecture: string;
  readonly isRoot: boolean;
  readonly hostname: string;
  readonly memoryBytes: number;
  readonly freeMemoryBytes: number;
  /** Text of a file, or undefined where it can't be read. */
  readonly text: (path: string) => Promise<string | undefined>;
  readonly exists: (path: string) => boolean;
  /** Free bytes of the filesystem that holds the path, or the nearest folder above it that is there. */
  readonly freeBytes: (path: string) => Promise<number>;
  /** Full path of a program on PATH. */
  readonly program: (name: string) => string | undefined;
  /** Runs a program to its end; rejects with its words when it fails. */
  readonly run: (program: string, args: readonly string[], input?: string) => Promise<string>;
  /** Whether something listens on this TCP port already. */
  readonly portTaken: (port: number, address: string) => Promise<boolean>;
}

const commandTimeoutMs = 30_000;
/** Beside PATH, since root's PATH lacks them under some shells. */
const programFolders = ['/usr/sbin', '/sbin', '/usr/bin', '/bin'];

export function realSystem(environment: Readonly<Record<string, string | undefined>>): DoctorSystem {
  return {
    platform: process.platform,
    architecture: process.arch,
    isRoot: process.getuid?.() === 0,
    hostname: hostname(),
    memoryBytes: totalmem(),
    freeMemoryBytes: freemem(),
    text: (path) => readFile(path, 'utf8').catch(() => undefined),
    exists: existsSync,
    async freeBytes(path) {
      let folder = path;
      while (!existsSync(folder) && folder !== '/') folder = join(folder, '..');
      const { bavail, bsize } = await statfs(folder);
      return bavail * bsize;
    },
    program(name) {
      const folders = [...(environment['PATH'] ?? '').split(delimiter), ...programFolders];
      return folders.map((folder) => join(folder, name)).find((file) => existsSync(file));
    },
    run: (program, args, input) => runCommand(program, args, { input, timeoutMs: commandTimeoutMs }),
    portTaken,
  };
}

function portTaken(port: number, address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'EADDRINUSE'));
    server.listen(port, address, () => server.close(() => resolve(false)));
  });
}
