/** The catalogue as one cluster sees it, and what may be done with it: for the console's routes and for `skerry component`. */
import { ApiError } from '@skerry/api';
import { SkerryError, unreachable } from '@skerry/base';
import type { ComponentAction, ComponentEntry, ComponentPlan } from '#contract/index.ts';
import { ClusterObjects } from '#components/cluster-objects.ts';
import { type Component, componentFinalizer, componentObjectName } from '#components/component.ts';
import { componentTaskName, ensureComponentTask } from '#components/component-controller.ts';
import {
  type ComponentTaskOptions,
  labelled,
  requires,
  whyNotRemovable,
} from '#components/component-tasks.ts';
import { ComponentWriter } from '#components/component-writer.ts';
import { foreignObjects, planChanges } from '#components/plan.ts';
import { requestedBy } from '#management/policies.ts';

export interface ComponentRequest extends Omit<ComponentAction, 'values'> {
  readonly cluster: string;
  readonly component: string;
  readonly values?: Readonly<Record<string, unknown>>;
}

export class ComponentService {
  readonly #options: ComponentTaskOptions;
  readonly #components: ComponentWriter;

  readonly #onTask: () => void;

  /** `onTask` is called when there is a task to be done. */
  constructor(options: ComponentTaskOptions, onTask: () => void = () => undefined) {
    this.#options = options;
    this.#onTask = onTask;
    this.#components = new ComponentWriter(options);
  }

  async entries(cluster: string): Promise<ComponentEntry[]> {
    const { catalogue } = this.#options;
    const there = await this.#components.list(cluster);
    const list = await catalogue.list();
    return Promise.all(
      list.map(async ({ name, versions }) => {
        const release = await catalogue.release(name);
        const component = there.find(({ spec }) => spec.component === name);
        const { title, description, requires, values } = release.package;
        return {
          name,
          title,
          description,
          versions,
          requires,
          values,
          ...(component ? { installed: installedOf(component) } : {}),
        };
      }),
    );
  }

  /** What would change, and why it can't be done if so. Nothing is done. */
  async plan(request: ComponentRequest): Promise<ComponentPlan> {
    const { adminClient, catalogue } = this.#options;
    const known = await this.#components.get(componentObjectName(request.cluster, request.component));
    const client = await adminClient(request.cluster);
    try {
      const objects = new ClusterObjects(client);
      if (request.action === 'remove') {
        const component = required(known, request);
        const given = { objects, components: this.#components, catalogue };
        const before = component.status?.objects ?? [];
        const refused = await whyNotRemovable(component, given);
        return { changes: await planChanges(objects, { manifests: [], before }), refused };
      }
      const { version, values } = await this.#wanted(request, known);
      const release = await catalogue.release(request.component, version);
      const made = await release.manifests(release.valuesOf(values), request.cluster);
      const manifests = labelled(made, request.component);
      const before = known?.status?.objects ?? [];
      const there = await this.#components.list(request.cluster);
      const missing = release.package.requires.filter(
        (name) => !there.some(({ spec, status }) => spec.component === name && status?.installed),
      );
      const refused = [
        ...(missing.length > 0 ? [requires(request.component, missing)] : []),
        ...(await foreignObjects(objects, manifests, { component: request.component, before })),
      ];
      return { changes: await planChanges(objects, { manifests, before }), refused };
    } finally {
      client.close();
    }
  }

  /** Writes what is wanted; the task that does it is the answer. `user` is who asked. */
  async start(request: ComponentRequest, user: string): Promise<string> {
    const name = componentObjectName(request.cluster, request.component);
    const known = await this.#components.get(name);
    const annotations = { [requestedBy]: user };
    if (request.action === 'remove') return this.#remove(required(known, request), annotations);
    const { version, values } = await this.#wanted(request, known);
    const release = await this.#options.catalogue.release(request.component, version);
    // Refused before anything is written.
    release.valuesOf(values);
    const spec = { cluster: request.cluster, component: request.component, version, values };
    const attempt = (known?.spec.attempt ?? 0) + 1;
    const written = known
      ? await this.#replaceSpec(known, { ...spec, attempt }, annotations)
      : await this.#components.resource.create({
          // From the first moment: an object that went at once would leave behind what was made of it.
          metadata: { name, annotations, finalizers: [componentFinalizer] },
          spec,
        });
    await ensureComponentTask(this.#options.client, written);
    this.#onTask();
    return componentTaskName(written);
  }

  async #replaceSpec(
    known: Component,
    spec: Component['spec'],
    annotations: Record<string, string>,
  ): Promise<Component> {
    const { metadata } = known;
    return this.#components.resource.update({
      ...known,
      metadata: { ...metadata, annotations: { ...metadata?.annotations, ...annotations } },
      spec,
    });
  }

  async #remove(known: Component, annotations: Record<string, string>): Promise<string> {
    const name = known.metadata?.name ?? '';
    const attempt = (known.spec.attempt ?? 0) + 1;
    await this.#components.resource.patch(
      name,
      { metadata: { annotations }, spec: { attempt } },
      { type: 'merge' },
    );
    if (!known.metadata?.deletionTimestamp) await this.#components.resource.delete(name);
    const going = await this.#components.get(name);
    // Nothing was ever made of it.
    if (!going) return '';
    await ensureComponentTask(this.#options.client, going);
    this.#onTask();
    return componentTaskName(going);
  }

  /** Values that are not given stay as they are, but for a new installation. */
  async #wanted(
    { action, component, version, values }: ComponentRequest,
    known: Component | undefined,
  ): Promise<{ version: string; values: Record<string, unknown> }> {
    const newest = async () => (await this.#options.catalogue.release(component, version)).version;
    const before = known?.spec.values ?? {};
    switch (action) {
      case 'install':
        if (
          known?.status?.installed &&
          !known.metadata?.deletionTimestamp &&
          known.status.phase === 'Installed'
        )
          throw new SkerryError(
            'component-installed',
            `${component} is installed already; upgrade or configure it`,
          );
        return { version: await newest(), values: { ...values } };
      case 'upgrade':
        required(known, { component });
        return { version: await newest(), values: { ...before, ...values } };
      case 'configure':
        return { version: version ?? required(known, { component }).spec.version, values: { ...values } };
      case 'remove':
        return { version: '', values: {} };
      default:
        return unreachable(action);
    }
  }
}

function required(known: Component | undefined, { component }: { component: string }): Component {
  if (!known)
    throw new SkerryError('component-not-installed', `${component} is not installed in this cluster`);
  return known;
}

function installedOf({ spec, status, metadata }: Component): NonNullable<ComponentEntry['installed']> {
  const why = status?.conditions?.find(({ type }) => type === 'Ready')?.message;
  const phase =
    metadata?.deletionTimestamp && status?.phase !== 'Failed' ? 'Removing' : (status?.phase ?? 'Working');
  const tone = { Installed: 'ok', Failed: 'error', Working: 'progressing', Removing: 'progressing' } as const;
  return {
    version: status?.installed?.version ?? spec.version,
    values: status?.installed?.values ?? spec.values ?? {},
    state: { state: phase, tone: tone[phase], ...(why === undefined ? {} : { why }) },
  };
}

/** A fault of the catalogue or of what was asked, as an API answers it. */
export function asApiError(error: unknown): unknown {
  if (!(error instanceof SkerryError) || error instanceof ApiError) return error;
  const { code, message } = error;
  if (code === 'component-unknown' || code === 'component-not-installed')
    return new ApiError('NotFound', message);
  if (code === 'component-values-invalid') return new ApiError('Invalid', message);
  if (code === 'component-installed' || code === 'component-in-use') return new ApiError('Conflict', message);
  return error;
}
