import { removeServiceAddress } from '#dns/service-address.ts';
import { removeFabric } from '#fabric/remove-fabric.ts';
import { removeNetworkPolicies } from '#policy/network-policies.ts';
import { removeServices } from '#services/create-services.ts';

/** Takes away what the parts of a node's network put into this network namespace; what is gone already is no error. */
export async function removeNodeNetwork(options: { readonly stateDirectory: string }): Promise<void> {
  await removeServices(options);
  await removeServiceAddress();
  await removeNetworkPolicies();
  await removeFabric();
}
