/** Resources of our own that controllers and machines follow. */
import { isApiError, type CustomResourceDefinition } from '@skerry/api';
import { resources, type ApiClient } from '@skerry/client';
import { crossingCustomResourceDefinition } from '#edge/crossing/definition.ts';
import { nodePoolCustomResourceDefinition } from '#edge/node-pool/definition.ts';
import { poolNetworkCustomResourceDefinition } from '#edge/pool-network/definition.ts';
import { poolPolicyCustomResourceDefinition } from '#policy/network-policy/definition.ts';

const definitions: readonly CustomResourceDefinition[] = [
  nodePoolCustomResourceDefinition,
  poolNetworkCustomResourceDefinition,
  crossingCustomResourceDefinition,
  poolPolicyCustomResourceDefinition,
];

/** Makes them known, or brings them up to this release; needed before anything follows them. */
export async function installDefinitions(client: ApiClient): Promise<void> {
  const known = client.resource<CustomResourceDefinition>(resources.customResourceDefinitions);
  for (const definition of definitions) {
    try {
      await known.create(definition);
    } catch (error) {
      if (!isApiError(error, 'AlreadyExists')) throw error;
      const name = definition.metadata?.name ?? '';
      await known.patch(name, { spec: definition.spec }, { type: 'merge', fieldManager: 'skerry' });
    }
  }
}
