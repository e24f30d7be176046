/** Takes away what this machine's part of the pod network put into the kernel, whatever state it is in. */
import { guardRemoval } from '#fabric/guard.ts';
import { difference, readKernel } from '#fabric/apply.ts';
import { Kernel } from '#kernel/links.ts';
import { runNft } from '#nftables/run-nft.ts';

export async function removeFabric(kernel = new Kernel()): Promise<void> {
  const { ip, routes } = difference({ tunnels: [], routes: [], podMtu: undefined }, await readKernel(kernel));
  const refusals = [...(await kernel.batch('ip', ip)), ...(await kernel.batch('ip', routes))];
  await runNft(guardRemoval());
  if (refusals.length === 0) return;
  throw new Error(refusals.map(({ command, error }) => `ip ${command}: ${error}`).join('; '));
}
