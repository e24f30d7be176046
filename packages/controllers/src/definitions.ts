/** Resources of our own that controllers and machines follow. */
import { isApiError, type CustomResourceDefinition } from '@skerry/api';
import { isRecord } from '@skerry/base';
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

/** Makes them known, or brings them up to this release; needed before anything follows them. Writes nothing where all is well. */
export async function installDefinitions(client: ApiClient): Promise<void> {
  for (const definition of definitions) await install(client, definition);
}

async function install(client: ApiClient, definition: CustomResourceDefinition): Promise<void> {
  const known = client.resource<CustomResourceDefinition>(resources.customResourceDefinitions);
  const name = definition.metadata?.name ?? '';
  try {
    const held = await known.get(name);
    if (has(held.spec, definition.spec)) return;
    await known.patch(name, { spec: definition.spec }, { type: 'merge', fieldManager: 'skerry' });
  } catch (error) {
    if (!isApiError(error, 'NotFound')) throw error;
    await known.create(definition);
  }
}

/** Whether all of `wanted` is in `held`, which has the server's defaults too. */
function has(held: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted))
    return (
      Array.isArray(held) && held.length === wanted.length && wanted.every((one, at) => has(held[at], one))
    );
  if (!isRecord(wanted)) return held === wanted;
  return isRecord(held) && Object.entries(wanted).every(([field, value]) => has(held[field], value));
}
