/** Takes away what this machine's part of the pod network put into the kernel, whatever state it is in. */
import { devicePrefix } from '#crossing/wireguard/wireguard-device.ts';
import { guardRemoval } from '#fabric/guard.ts';
import { difference, readKernel } from '#fabric/apply.ts';
import { nothing } from '#fabric/plan.ts';
import { Kernel } from '#kernel/links.ts';
import { runNft } from '#nftables/run-nft.ts';

export async function removeFabric(kernel = new Kernel()): Promise<void> {
  const state = await readKernel(kernel);
  const { ip, routes } = difference(nothing, state);
  const tunnels = state.links.filter(({ ifname }) => ifname.startsWith(devicePrefix));
  const refusals = [
    ...(await kernel.batch('ip', routes)),
    ...(await kernel.batch('ip', [...ip, ...tunnels.map(({ ifname }) => `link delete ${ifname}`)])),
  ];
  await runNft(guardRemoval());
  if (refusals.length === 0) return;
  throw new Error(refusals.map(({ command, error }) => `ip ${command}: ${error}`).join('; '));
}
