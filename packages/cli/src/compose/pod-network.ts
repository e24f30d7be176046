import { join } from 'node:path';

/** Where container runtimes read their pod network unless they are told otherwise. */
export const defaultCniConfDirectory = '/etc/cni/net.d';

/** What a node's pod network is called on its machine. */
export function podNetworkOf({ cniConfDirectory }: { cniConfDirectory: string }) {
  return { configFile: join(cniConfDirectory, '10-skerry.conflist'), bridge: 'cni0' };
}
