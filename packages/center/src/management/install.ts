/** Makes the kinds of the management API known, or brings them up to this release, and waits until they are served. */
import { type CustomResourceDefinition, isApiError } from '@skerry/api';
import { type Clock, SkerryError, sleep } from '@skerry/base';
import type { ApiClient, ResourceRef } from '@skerry/client';

const definitions: ResourceRef = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  resource: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};

const waitMsMax = 30_000;

export async function installDefinitions(
  client: ApiClient,
  wanted: readonly CustomResourceDefinition[],
  { clock, signal }: { readonly clock: Clock; readonly signal?: AbortSignal },
): Promise<void> {
  const known = client.resource<CustomResourceDefinition>(definitions);
  await Promise.all(wanted.map((definition) => createOrUpdate(known, definition)));
  await Promise.all(
    wanted.map(async ({ metadata }) => {
      const deadlineMs = clock.monotonic() + waitMsMax;
      while (!established(await known.get(metadata?.name ?? ''))) {
        if (clock.monotonic() > deadlineMs)
          throw new SkerryError('management-not-ready', `${metadata?.name} is not served after 30 s`);
        await sleep(clock, 20, signal);
      }
    }),
  );
}

async function createOrUpdate(
  known: ReturnType<ApiClient['resource']>,
  definition: CustomResourceDefinition,
): Promise<void> {
  try {
    await known.create(definition);
  } catch (error) {
    if (!isApiError(error, 'AlreadyExists')) throw error;
    const name = definition.metadata?.name ?? '';
    await known.patch(name, { spec: definition.spec }, { type: 'merge', fieldManager: 'skerry' });
  }
}

function established({ status }: CustomResourceDefinition): boolean {
  return status?.conditions?.some(({ type, status: is }) => type === 'Established' && is === 'True') ?? false;
}
