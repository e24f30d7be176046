/**
 * Whether a node has an address left for one more pod. The CNI plugin that hands them out keeps a file for each, and says
 * only to a pod that wants one that there is none; a node that says it itself gets no more pods to refuse.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { networkName } from '#network/cni-config.ts';

/** Network, broadcast and the bridge's own. */
const reserved = 3;

/** What the node says when there is none; undefined while there are some, and where nobody knows. */
export async function addressesUsedUp(dataDirectory: string, range: string): Promise<string | undefined> {
  const bits = /^[0-9.]+\/(\d{1,2})$/.exec(range)?.[1];
  if (bits === undefined) return undefined;
  const all = 2 ** (32 - Number(bits)) - reserved;
  const files = await readdir(join(dataDirectory, networkName)).catch(() => []);
  const used = files.filter((file) => /^\d+\.\d+\.\d+\.\d+$/.test(file)).length;
  return used < all ? undefined : `no pod addresses left: all ${all} of ${range} are in use`;
}
