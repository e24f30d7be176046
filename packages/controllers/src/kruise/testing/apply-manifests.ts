import { builtinKinds } from '@skerry/api';
import type { KubeObject } from '@skerry/api';
import type { ApiClient } from '@skerry/client';

/** Server-side apply of each object in turn, as an installer does it. */
export async function applyManifests(client: ApiClient, manifests: readonly KubeObject[]): Promise<void> {
  for (const object of manifests) {
    const ref = builtinKinds.find(
      ({ group, version, kind }) =>
        kind === object.kind && object.apiVersion === (group === '' ? version : `${group}/${version}`),
    );
    if (!ref) throw new Error(`no kind ${object.apiVersion} ${object.kind}`);
    const { name = '', namespace } = object.metadata ?? {};
    await client
      .resource(ref)
      .patch(name, object, { type: 'apply', namespace, fieldManager: 'installer', force: true });
  }
}
