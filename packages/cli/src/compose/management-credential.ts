/** The local administrator's credential of the management API: who may read it owns the data directory. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, SkerryError } from '@skerry/base';
import { type ApiClient, createClient, createUnixTransport } from '@skerry/client';
import { writeFileAtomically } from '@skerry/pki';
import type { DataDirectory } from '#data-directory.ts';
import { version } from '#version.ts';

/** What the local administrator is called by the management API. */
export const localAdmin = 'skerry:local-admin';

export function managementAdminToken(data: DataDirectory): Promise<string> {
  return loadOrCreateToken(adminTokenFile(data));
}

/** A token of 256 bits, kept as a file of mode 0600. */
export async function loadOrCreateToken(file: string): Promise<string> {
  try {
    const token = readFileSync(file, 'utf8').trim();
    if (token.length >= 32) return token;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const token = randomBytes(32).toString('base64url');
  await writeFileAtomically(file, token, { mode: 0o600 });
  return token;
}

/** For commands on the center's own machine. Fails with `server-not-running` where no center answers. */
export function managementClient(data: DataDirectory, clock: Clock): ApiClient {
  const file = adminTokenFile(data);
  if (!existsSync(file) || !existsSync(data.managementSocket)) {
    throw new SkerryError(
      'server-not-running',
      `no center runs in ${data.path}; run this where \`skerry server\` or \`skerry up\` runs, or name its folder with --data-dir`,
    );
  }
  return createClient({
    transport: createUnixTransport({
      socketPath: data.managementSocket,
      token: readFileSync(file, 'utf8').trim(),
    }),
    userAgent: `skerry/${version}`,
    clock,
  });
}

function adminTokenFile(data: DataDirectory): string {
  return join(data.run, 'management-admin-token');
}
