import { isApiError } from '@skerry/api';
import type { Clock } from '@skerry/base';
import type { ApiClient } from '@skerry/client';
import type { Condition } from '#clusters/cluster.ts';
import { type Component, componentFinalizer, type ComponentStatus } from '#components/component.ts';
import { centerResources } from '#management/resources.ts';

const manager = 'skerry-center';

/** Reads and writes of Component objects. */
export class ComponentWriter {
  readonly #client: ApiClient;
  readonly #clock: Clock;

  constructor({ client, clock }: { client: ApiClient; clock: Clock }) {
    this.#client = client;
    this.#clock = clock;
  }

  get resource() {
    return this.#client.resource<Component>(centerResources.components);
  }

  async list(cluster?: string): Promise<Component[]> {
    const { items } = await this.resource.list();
    return cluster === undefined ? items : items.filter(({ spec }) => spec.cluster === cluster);
  }

  async get(name: string): Promise<Component | undefined> {
    try {
      return await this.resource.get(name);
    } catch (error) {
      if (isApiError(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  async patchStatus(name: string, status: Partial<Record<keyof ComponentStatus, unknown>>): Promise<void> {
    await this.resource.patch(
      name,
      { status },
      { type: 'merge', subresource: 'status', fieldManager: manager },
    );
  }

  /** The one condition there is: whether it is as it should be, and why not. */
  condition(ready: boolean, reason: string, message?: string): Condition[] {
    return [
      {
        type: 'Ready',
        status: ready ? 'True' : 'False',
        reason,
        ...(message === undefined ? {} : { message }),
        lastTransitionTime: new Date(this.#clock.now()).toISOString(),
      },
    ];
  }

  async setFinalizer({ metadata }: Component, on: boolean): Promise<void> {
    const before = metadata?.finalizers ?? [];
    if (before.includes(componentFinalizer) === on) return;
    const finalizers = on
      ? [...before, componentFinalizer]
      : before.filter((each) => each !== componentFinalizer);
    const patch = { metadata: { finalizers, resourceVersion: metadata?.resourceVersion } };
    await this.resource.patch(metadata?.name ?? '', patch, { type: 'merge', fieldManager: manager });
  }
}
