/**
 * The pod network of one node: a bridge with addresses out of the node's pod CIDR, and a loopback. The file appears
 * whole or not at all, and only when it differs: the runtime reloads its network on every write. What CNI's plugins do
 * with iptables, host ports and masquerading, is `packet-filter.ts` here.
 * https://github.com/containernetworking/cni/blob/main/SPEC.md
 */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface PodNetwork {
  readonly podCidr: string;
  /** Name of the bridge, at most 15 characters. */
  readonly bridge: string;
  readonly mtu?: number;
  /** Path of the network namespace that the bridge is in; the agent's own where absent. */
  readonly networkNamespace?: string;
  /** Where address leases are kept; private to the node, since several may share a machine. */
  readonly dataDirectory: string;
}

/** Also the folder's below `dataDirectory`. */
export const networkName = 'skerry';

export function cniConfig(network: PodNetwork): string {
  return `${JSON.stringify(
    {
      cniVersion: '1.0.0',
      name: networkName,
      plugins: [
        {
          type: 'bridge',
          bridge: network.bridge,
          isGateway: true,
          isDefaultGateway: true,
          hairpinMode: true,
          ...(network.mtu === undefined ? {} : { mtu: network.mtu }),
          ipam: {
            type: 'host-local',
            dataDir: network.dataDirectory,
            ranges: network.podCidr.split(',').map((subnet) => [{ subnet }]),
          },
        },
      ],
    },
    undefined,
    2,
  )}\n`;
}

/** Answers whether the file changed. */
export async function writeCniConfig(path: string, network: PodNetwork): Promise<boolean> {
  const text = cniConfig(network);
  if ((await readFile(path, 'utf8').catch(() => '')) === text) return false;
  await mkdir(dirname(path), { recursive: true });
  // The runtime reads only names that end in .conf, .conflist and .json.
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
  return true;
}

/** Answers whether there was one. */
export async function removeCniConfig(path: string): Promise<boolean> {
  return rm(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
}

/** The ranges that the file has addresses from: what the node was given when the API last answered. */
export async function readPodCidrs(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return [...text.matchAll(/"subnet": *"([0-9a-fA-F.:]+\/\d+)"/g)].map(([, range = '']) => range);
}
