import { isApiError, type CustomResourceDefinition } from '@skerry/api';
import { resources, type ApiClient } from '@skerry/client';

/** Makes a resource of our own known where it isn't yet. */
export async function installDefinition(
  client: ApiClient,
  definition: CustomResourceDefinition,
): Promise<void> {
  try {
    await client.resource<CustomResourceDefinition>(resources.customResourceDefinitions).create(definition);
  } catch (error) {
    if (!isApiError(error, 'AlreadyExists')) throw error;
  }
}
