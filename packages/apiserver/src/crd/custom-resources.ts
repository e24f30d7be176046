import { equalJson, isApiError, type AnyObject, type ObjectMeta } from '@skerry/api';
import { describeError, type Clock, type Logger } from '@skerry/base';
import { encodersFor, type RevisionProgress, WatchCache } from '@skerry/serving';
import { approvalCondition, nameStatus, type NameStatus, type UsedNames } from '#crd/accepted-names.ts';
import { conversionsOf } from '#crd/conversion/versions.ts';
import { customKind } from '#crd/custom-kind.ts';
import type { StorageEncryption } from '#encryption/storage-encryption.ts';
import {
  cleanupFinalizer,
  conditionOf,
  definitions,
  isEstablished,
  setCondition,
  type Definition,
  type DefinitionCondition,
  type DefinitionNames,
} from '#crd/definition.ts';
import type { WebhookCaller } from '#outgoing/webhook-caller.ts';
import { deleteObject } from '#registry/delete.ts';
import type { StoreFeed } from '#registry/feed.ts';
import type { KindTable, Served } from '#registry/kind-table.ts';
import { metadataOf, type Registry } from '#registry/registry.ts';
import { StoredResource } from '#registry/stored-resource.ts';
import { updateObject } from '#registry/update.ts';
import { serverWrite } from '#registry/write-options.ts';
import type { ObjectReader } from '#security.ts';
import type { ScalePaths } from '#subresources/scale.ts';

export interface CustomResourceParts {
  readonly kinds: KindTable;
  readonly registry: Registry;
  readonly feed: StoreFeed;
  readonly progress: RevisionProgress;
  readonly read: ObjectReader;
  /** For conversion webhooks. */
  readonly caller: WebhookCaller;
  readonly uid: () => string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly encryption: StorageEncryption;
}

const instancesAtOnce = 500;
const retryMs = 1000;

/**
 * Serves what CustomResourceDefinitions define. One definition at a time is brought to where it should be, from its newest
 * state: names accepted, versions served, then `Established`; so whoever sees that condition can use the kind. A
 * definition that is being deleted loses its instances first.
 */
export class CustomResources {
  readonly #parts: CustomResourceParts;
  /** Definitions to look at again; by name, so at most one entry each. */
  readonly #pending = new Set<string>();
  /** Specs as served now, by definition name, to tell what changed. */
  readonly #served = new Map<string, { group: string; plural: string; spec: unknown; going: boolean }>();
  readonly #scales = new Map<string, ScalePaths>();
  #working: Promise<void> | undefined;
  #stopListening: (() => void) | undefined;
  #stopped = false;

  constructor(parts: CustomResourceParts) {
    this.#parts = parts;
  }

  /** Serves the stored definitions; resolves when all are served. */
  async start(): Promise<void> {
    const { read } = this.#parts;
    this.#stopListening = read.onChange(definitions, ({ name }) => {
      this.#pending.add(name);
      this.#working ??= this.#work();
    });
    for (const object of read.list(definitions)) this.#pending.add(metadataOf(object).name ?? '');
    this.#working ??= this.#work();
    await this.#working;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stopListening?.();
    this.#pending.clear();
    await this.#working;
  }

  scalePathsOf(group: string, resource: string): ScalePaths | undefined {
    return this.#scales.get(`${group}/${resource}`);
  }

  async #work(): Promise<void> {
    // Begin after the caller: the cache round that told of the change ends first.
    await Promise.resolve();
    for (const name of this.#pending) {
      this.#pending.delete(name);
      if (this.#stopped) break;
      try {
        await this.#bring(name);
      } catch (error) {
        if (isApiError(error, 'Conflict') || isApiError(error, 'NotFound')) {
          // Computed from a state that is no longer the newest.
          await this.#parts.registry.fresh();
          this.#pending.add(name);
          continue;
        }
        this.#parts.log.error('custom resource definition not served', { name, error: describeError(error) });
        this.#parts.clock.after(retryMs, () => {
          this.#pending.add(name);
          this.#working ??= this.#work();
        });
      }
    }
    this.#working = undefined;
  }

  async #bring(name: string): Promise<void> {
    const definition = this.#parts.read.get<Definition>(definitions, name);
    if (!definition) {
      this.#withdraw(name);
      return;
    }
    const names = nameStatus(definition, this.#usedNames(definition));
    const accepted = names.condition.status === 'True';
    // Once it is established, a definition is served under the names that it has, whatever names it wants.
    if (accepted || isEstablished(definition))
      await this.#serve(name, { ...definition, spec: { ...definition.spec, names: names.names } });
    await this.#writeStatus(definition, names);
    if (metadataOf(definition).deletionTimestamp) await this.#empty(name, definition);
  }

  /** Names that other definitions of the group, and built-in kinds of it, have. */
  #usedNames(definition: Definition): UsedNames {
    const { group } = definition.spec;
    const resources = new Set<string>();
    const kinds = new Set<string>();
    for (const other of this.#parts.read.list(definitions) as Definition[]) {
      if (other.spec.group !== group || metadataOf(other).name === metadataOf(definition).name) continue;
      const {
        plural,
        singular,
        shortNames = [],
        kind,
        listKind,
      } = { ...noNames, ...other.status?.acceptedNames };
      for (const name of [plural, singular, ...shortNames]) if (name) resources.add(name);
      for (const name of [kind, listKind]) if (name) kinds.add(name);
    }
    for (const { group: of, resource, singular, shortNames, kind } of this.#parts.kinds.infos()) {
      if (of !== group || this.#isCustom(group, resource)) continue;
      for (const name of [resource, singular, ...shortNames]) resources.add(name);
      kinds.add(kind);
    }
    return { resources, kinds };
  }

  #isCustom(group: string, resource: string): boolean {
    return this.#parts.kinds.anyVersion(group, resource)?.custom ?? false;
  }

  /** Definitions of the group that wait for names which may be free now. */
  #reconsiderOthers(group: string, name: string): void {
    for (const other of this.#parts.read.list(definitions) as Definition[]) {
      const otherName = metadataOf(other).name ?? '';
      const waits = conditionOf(other, 'NamesAccepted')?.status === 'False';
      if (other.spec.group === group && otherName !== name && waits) this.#pending.add(otherName);
    }
  }

  async #writeStatus(definition: Definition, { names, condition }: NameStatus): Promise<void> {
    const { registry } = this.#parts;
    const next = structuredClone(definition);
    const now = registry.timestamp();
    setCondition(next, condition, now);
    if (!isEstablished(definition))
      setCondition(
        next,
        condition.status === 'True'
          ? {
              type: 'Established',
              status: 'True',
              reason: 'InitialNamesAccepted',
              message: 'the initial names have been accepted',
            }
          : {
              type: 'Established',
              status: 'False',
              reason: 'NotAccepted',
              message: 'not all names are accepted',
            },
        now,
      );
    const approval = approvalCondition(definition);
    if (approval) setCondition(next, approval, now);
    const status = next.status!;
    const renamed = !equalJson(status.acceptedNames, names);
    status.acceptedNames = names;
    if (equalJson(next.status, definition.status)) return;
    await this.#update(definition, (current) => {
      current.status = status;
      return current;
    });
    if (renamed) {
      await registry.fresh();
      this.#reconsiderOthers(definition.spec.group, metadataOf(definition).name ?? '');
    }
  }

  async #serve(name: string, definition: Definition): Promise<void> {
    const { kinds, feed, clock } = this.#parts;
    const { group, names, scope } = definition.spec;
    const before = this.#served.get(name);
    const going = metadataOf(definition).deletionTimestamp !== undefined;
    if (before && before.going === going && equalJson(before.spec, definition.spec)) return;
    let stored = before && kinds.storedResource(group, names.plural);
    if (!stored) {
      stored = this.#storedResource(definition, scope === 'Namespaced');
      await feed.add(stored);
    }
    kinds.remove(group, names.plural);
    this.#scales.delete(`${group}/${names.plural}`);
    const conversionOf = conversionsOf(definition, this.#parts);
    for (const version of definition.spec.versions) {
      if (!version.served) continue;
      const { info, schemas } = customKind(definition, version);
      const { encoding, ...conversion } = conversionOf(version.name);
      kinds.add({
        info,
        schemas,
        stored,
        custom: true,
        ...conversion,
        encoders: encodersFor(info, { clock, ...encoding }),
      } satisfies Served);
      const scale = version.subresources?.scale;
      if (scale) {
        this.#scales.set(`${group}/${names.plural}`, {
          specReplicas: scale.specReplicasPath,
          statusReplicas: scale.statusReplicasPath,
          selector: scale.labelSelectorPath,
        });
      }
    }
    this.#served.set(name, { group, plural: names.plural, spec: definition.spec, going });
  }

  #storedResource(definition: Definition, namespaced: boolean): StoredResource {
    const groupResource = { group: definition.spec.group, resource: definition.spec.names.plural };
    const { progress, clock, encryption } = this.#parts;
    return new StoredResource({
      groupResource,
      transformer: encryption.transformerFor(groupResource),
      namespaced,
      cache: new WatchCache({ resource: groupResource, namespaced, progress, clock }),
    });
  }

  #withdraw(name: string): void {
    const served = this.#served.get(name);
    if (!served) return;
    const { kinds, feed } = this.#parts;
    const stored = kinds.storedResource(served.group, served.plural);
    kinds.remove(served.group, served.plural);
    if (stored) feed.remove(stored);
    this.#scales.delete(`${served.group}/${served.plural}`);
    this.#served.delete(name);
    this.#reconsiderOthers(served.group, name);
  }

  /** Deletes the instances of a definition that is going; takes its finalizer off when none is left. */
  async #empty(name: string, definition: Definition): Promise<void> {
    if (!metadataOf(definition).finalizers?.includes(cleanupFinalizer)) return;
    const left = await this.#deleteInstances(definition);
    if (left > 0) {
      // Finalizers keep some.
      this.#parts.clock.after(retryMs, () => {
        this.#pending.add(name);
        this.#working ??= this.#work();
      });
      await this.#tell(definition, {
        type: 'Terminating',
        status: 'True',
        reason: 'InstanceDeletionInProgress',
        message: 'CustomResource deletion is in progress',
      });
      return;
    }
    await this.#tell(definition, isEstablished(definition) ? emptied : neverEstablished, (meta) => {
      meta.finalizers = meta.finalizers?.filter((finalizer) => finalizer !== cleanupFinalizer);
    });
  }

  /** How many are left. */
  async #deleteInstances({ spec }: Definition): Promise<number> {
    const { kinds, registry } = this.#parts;
    const served = kinds.anyVersion(spec.group, spec.names.plural);
    if (!served) return 0;
    await registry.fresh();
    const items = served.stored.cache.list({});
    for (let at = 0; at < items.length && !this.#stopped; at += instancesAtOnce) {
      const deleting = items.slice(at, at + instancesAtOnce).map(({ namespace, name }) =>
        deleteObject(registry, served, { namespace, name }, {}, serverWrite()).catch((error: unknown) => {
          if (!isApiError(error, 'NotFound')) throw error;
        }),
      );
      await Promise.all(deleting);
    }
    await registry.fresh();
    return served.stored.cache.size;
  }

  async #tell(
    definition: Definition,
    condition: DefinitionCondition,
    change?: (meta: ObjectMeta) => void,
  ): Promise<void> {
    const present = conditionOf(definition, condition.type);
    if (!change && present?.reason === condition.reason) return;
    await this.#update(definition, (current) => {
      setCondition(current, condition, this.#parts.registry.timestamp());
      change?.(metadataOf(current));
      return current;
    });
  }

  async #update(definition: Definition, change: (current: Definition) => AnyObject): Promise<void> {
    const { kinds, registry } = this.#parts;
    const served = kinds.anyVersion(definitions.group, definitions.resource);
    if (!served) return;
    await updateObject(
      registry,
      served,
      { namespace: '', name: metadataOf(definition).name ?? '' },
      {
        part: 'raw',
        transform(current) {
          const next = change(current as Definition);
          delete metadataOf(next).resourceVersion;
          return next;
        },
      },
      serverWrite({ fieldManager: 'kube-apiserver', subresource: 'status' }),
    );
  }
}

const noNames: DefinitionNames = { plural: '', kind: '' };

const emptied: DefinitionCondition = {
  type: 'Terminating',
  status: 'False',
  reason: 'InstanceDeletionCompleted',
  message: 'removed all instances',
};

const neverEstablished: DefinitionCondition = {
  type: 'Terminating',
  status: 'False',
  reason: 'NeverEstablished',
  message: 'resource was never established',
};
