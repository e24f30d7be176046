import { addValueKey, replaceServiceAccountKey } from '@skerry/pki';
import type { DataDirectory } from '#data-directory.ts';
import { requireCenter } from './installation.ts';

/** Makes a new key beside the old ones. Returns what to do next. Fails with `server-not-here`. */
export async function rotateKey(data: DataDirectory, which: 'secrets' | 'service-accounts'): Promise<string> {
  requireCenter(data);
  if (which === 'secrets') {
    const id = await addValueKey(data.pki);
    return `key ${id} seals Secrets once the center is restarted; it then seals again what lies under older keys`;
  }
  const id = await replaceServiceAccountKey(data.pki);
  return `key ${id} signs tokens once the center is restarted; tokens of the former key go on being accepted until ${data.pki}/sa-*.key is removed`;
}
