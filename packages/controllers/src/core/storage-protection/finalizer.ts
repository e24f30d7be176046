import { isApiError, type KubeObject } from '@skerry/api';

/** What a protecting finalizer of an object asks for: to be put on, to be taken off once nobody uses the object, or nothing. */
export function dueOf({ metadata }: KubeObject, finalizer: string): 'add' | 'release' | undefined {
  const isProtected = metadata?.finalizers?.includes(finalizer) ?? false;
  if (metadata?.deletionTimestamp) return isProtected ? 'release' : undefined;
  return isProtected ? undefined : 'add';
}

interface Writer<T> {
  update(object: T): Promise<unknown>;
}

/** Puts the finalizer on. Who is gone meanwhile needs none. */
export async function protect<T extends KubeObject>(
  client: Writer<T>,
  object: T,
  finalizer: string,
): Promise<void> {
  await write(client, object, [...(object.metadata?.finalizers ?? []), finalizer]);
}

/** Takes the finalizer off. */
export async function release<T extends KubeObject>(
  client: Writer<T>,
  object: T,
  finalizer: string,
): Promise<void> {
  const kept = (object.metadata?.finalizers ?? []).filter((each) => each !== finalizer);
  await write(client, object, kept);
}

async function write<T extends KubeObject>(
  client: Writer<T>,
  object: T,
  finalizers: string[],
): Promise<void> {
  await client.update({ ...object, metadata: { ...object.metadata, finalizers } }).catch((error: unknown) => {
    if (!isApiError(error, 'NotFound')) throw error;
  });
}
