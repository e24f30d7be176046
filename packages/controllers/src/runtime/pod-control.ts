/** Creating and deleting pods for an owner, with the events that `kubectl describe` shows on it. */
import { isApiError } from '@skerry/api';
import type { KubeObject, Pod, PodTemplateSpec } from '@skerry/api';
import { describeError } from '@skerry/base';
import { resources } from '@skerry/client';
import type { ApiClient, EventRecorder, ResourceRef } from '@skerry/client';
import { isEndingNamespace } from '#runtime/ending-namespace.ts';
import { ownerReferenceTo } from '#runtime/ownership.ts';

const nameLengthMax = 253;

/** A new pod of a template, owned by `owner`, named by the server after it. */
export function podFromTemplate(template: PodTemplateSpec, owner: KubeObject, ownerRef: ResourceRef): Pod {
  const { name = '', namespace } = owner.metadata ?? {};
  const { labels, annotations, finalizers } = template.metadata ?? {};
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      // The server cuts what is too long for a name; this is what it takes.
      generateName: name.length < nameLengthMax ? `${name}-` : name,
      namespace,
      labels: { ...labels },
      ...(annotations ? { annotations: { ...annotations } } : {}),
      ...(finalizers ? { finalizers: [...finalizers] } : {}),
      ownerReferences: [ownerReferenceTo(owner, ownerRef)],
    },
    spec: structuredClone(template.spec) ?? { containers: [] },
  };
}

export class PodControl {
  readonly #client: ApiClient;
  readonly #events: EventRecorder;

  constructor({ client, events }: { readonly client: ApiClient; readonly events: EventRecorder }) {
    this.#client = client;
    this.#events = events;
  }

  async create(pod: Pod, owner: KubeObject): Promise<Pod> {
    try {
      const created = await this.#client.resource<Pod>(resources.pods).create(pod);
      const message = `Created pod: ${created.metadata.name}`;
      this.#events.record(owner, { type: 'Normal', reason: 'SuccessfulCreate', message });
      return created;
    } catch (error) {
      if (!isEndingNamespace(error)) {
        const message = `Error creating: ${describeError(error)}`;
        this.#events.record(owner, { type: 'Warning', reason: 'FailedCreate', message });
      }
      throw error;
    }
  }

  /** A pod that has gone already is deleted. */
  async delete(pod: Pod, owner: KubeObject): Promise<void> {
    const { name = '', namespace, uid } = pod.metadata;
    try {
      await this.#client.resource<Pod>(resources.pods).delete(name, { namespace, preconditions: { uid } });
      const message = `Deleted pod: ${name}`;
      this.#events.record(owner, { type: 'Normal', reason: 'SuccessfulDelete', message });
    } catch (error) {
      if (isApiError(error, 'NotFound')) return;
      const message = `Error deleting: ${describeError(error)}`;
      this.#events.record(owner, { type: 'Warning', reason: 'FailedDelete', message });
      throw error;
    }
  }
}
