/** Makes the task that brings each Component to what it says, once for each of its generations, and the one that removes it. */
import { isApiError } from '@skerry/api';
import { type Clock, type Logger, sleep } from '@skerry/base';
import type { ApiClient } from '@skerry/client';
import type { Component } from '#components/component.ts';
import { ComponentWriter } from '#components/component-writer.ts';
import { titleText, type TaskTitle } from '#contract/index.ts';
import { centerUser, requestedBy } from '#management/policies.ts';
import { centerResources } from '#management/resources.ts';
import type { Task } from '#tasks/task.ts';

export interface ComponentControllerOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onTask: () => void;
}

const lookEveryMs = 1_000;

export class ComponentController {
  readonly name = 'components';
  readonly #options: ComponentControllerOptions;
  readonly #components: ComponentWriter;

  constructor(options: ComponentControllerOptions) {
    this.#options = options;
    this.#components = new ComponentWriter(options);
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.reconcile();
      await sleep(this.#options.clock, lookEveryMs, signal).catch(() => undefined);
    }
  }

  async reconcile(): Promise<void> {
    for (const component of await this.#components.list()) {
      if (!component.metadata?.deletionTimestamp) await this.#components.setFinalizer(component, true);
      if (await ensureComponentTask(this.#options.client, component)) this.#options.onTask();
    }
  }
}

/** The name says of which object and which generation, so that no work is begun twice. */
export function componentTaskName({ metadata, spec }: Component): string {
  const work = metadata?.deletionTimestamp ? `remove-${spec.attempt ?? 0}` : `g${metadata?.generation ?? 0}`;
  return `component-${(metadata?.uid ?? '').slice(0, 8)}-${work}`;
}

/** Returns whether there was one to make. */
export async function ensureComponentTask(client: ApiClient, component: Component): Promise<boolean> {
  const { metadata, spec, status } = component;
  const removing = metadata?.deletionTimestamp !== undefined;
  if (!removing && status?.observedGeneration === metadata?.generation) return false;
  const titled = titleOf(component);
  try {
    await client.resource<Task>(centerResources.tasks).create({
      metadata: { name: componentTaskName(component) },
      spec: {
        kind: 'component',
        title: titleText(titled),
        titled,
        cluster: spec.cluster,
        user: metadata?.annotations?.[requestedBy] ?? centerUser,
        input: {
          action: removing ? 'remove' : 'apply',
          name: metadata?.name,
          generation: metadata?.generation,
        },
      },
    });
    return true;
  } catch (error) {
    if (isApiError(error, 'AlreadyExists')) return false;
    throw error;
  }
}

function titleOf({ metadata, spec, status }: Component): TaskTitle {
  const { component, version } = spec;
  if (metadata?.deletionTimestamp) return { code: 'remove', values: { component } };
  const before = status?.installed?.version;
  if (before === undefined) return { code: 'install', values: { component, version } };
  if (before === version) return { code: 'configure', values: { component } };
  return { code: 'upgrade', values: { component, before, version } };
}
