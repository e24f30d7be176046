/**
 * Asks a node for a folder of its disk, or to take one away. The request goes to the node's own server through the API, as
 * `kubectl logs` does: the node does it itself, as nobody else can reach its disk, and the answer says where the folder is.
 */
import type { ApiClient } from '@skerry/client';

export interface NodeVolume {
  /** On the node. */
  readonly path: string;
}

export interface NodeVolumes {
  /** Makes the folder, or finds it made; both may be asked again at any time. */
  ensure(node: string, name: string, wanted: { readonly sizeBytes: number }): Promise<NodeVolume>;
  remove(node: string, name: string): Promise<void>;
}

const answerTimeoutMs = 30_000;

export function nodeVolumes(client: Pick<ApiClient, 'request'>): NodeVolumes {
  const pathOf = (node: string, name: string) =>
    `/api/v1/nodes/${encodeURIComponent(node)}/proxy/localVolumes/${encodeURIComponent(name)}`;
  const signal = () => AbortSignal.timeout(answerTimeoutMs);
  return {
    ensure: (node, name, { sizeBytes }) =>
      client.request<NodeVolume>('PUT', pathOf(node, name), { body: { sizeBytes }, signal: signal() }),
    async remove(node, name) {
      await client.request('DELETE', pathOf(node, name), { signal: signal() });
    },
  };
}
