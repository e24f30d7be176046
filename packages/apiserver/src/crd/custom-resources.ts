import { isApiError, type AnyObject } from '@skerry/api';
import { describeError, type Clock, type Logger } from '@skerry/base';
import { encodersFor, type RevisionProgress, WatchCache } from '@skerry/serving';
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
  type DefinitionNames,
} from '#crd/definition.ts';
import type { WebhookCaller } from '#outgoing/webhook-caller.ts';
import { deleteObject } from '#registry/delete.ts';
import type { StoreFeed } from '#registry/feed.ts';
import { jsonEqual } from '#registry/json-equal.ts';
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

const instancesPerRound = 500;
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
    const names = this.#nameStatus(definition);
    if (!names.accepted) {
      await this.#writeStatus(definition, names);
      return;
    }
    await this.#serve(name, definition);
    await this.#writeStatus(definition, names);
    if (metadataOf(definition).deletionTimestamp) await this.#empty(name, definition);
  }

  /** Names are accepted when no other kind of the group has them. */
  #nameStatus(definition: Definition): { accepted: boolean; why?: string } {
    const { group, names } = definition.spec;
    const wanted = new Set([
      names.plural,
      names.singular ?? names.kind.toLowerCase(),
      ...(names.shortNames ?? []),
    ]);
    for (const info of this.#parts.kinds.infos()) {
      if (info.group !== group || info.resource === names.plural) continue;
      const taken = [info.resource, info.singular, ...info.shortNames].find((text) => wanted.has(text));
      if (taken !== undefined) return { accepted: false, why: `${JSON.stringify(taken)} is already in use` };
      if (info.kind === names.kind)
        return { accepted: false, why: `${JSON.stringify(names.kind)} is already in use` };
    }
    return { accepted: true };
  }

  async #writeStatus(definition: Definition, names: { accepted: boolean; why?: string }): Promise<void> {
    const { registry } = this.#parts;
    const next = structuredClone(definition);
    const now = registry.timestamp();
    setCondition(
      next,
      names.accepted
        ? { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' }
        : { type: 'NamesAccepted', status: 'False', reason: 'NameConflict', message: names.why ?? '' },
      now,
    );
    setCondition(
      next,
      names.accepted || isEstablished(definition)
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
    const status = next.status!;
    if (names.accepted) status.acceptedNames = defaultedNames(definition.spec.names);
    const storage = definition.spec.versions.find((version) => version.storage)?.name;
    const stored = new Set(status.storedVersions);
    if (storage) stored.add(storage);
    status.storedVersions = [...stored];
    if (jsonEqual(next.status, definition.status)) return;
    await this.#update(definition, (current) => {
      current.status = status;
      return current;
    });
  }

  async #serve(name: string, definition: Definition): Promise<void> {
    const { kinds, feed, clock } = this.#parts;
    const { group, names, scope } = definition.spec;
    const before = this.#served.get(name);
    const going = metadataOf(definition).deletionTimestamp !== undefined;
    if (before && before.going === going && jsonEqual(before.spec, definition.spec)) return;
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
  }

  /** Deletes the instances of a definition that is going; takes its finalizer off when none is left. */
  async #empty(name: string, definition: Definition): Promise<void> {
    if (!metadataOf(definition).finalizers?.includes(cleanupFinalizer)) return;
    const { kinds, registry, clock } = this.#parts;
    const served = kinds.anyVersion(definition.spec.group, definition.spec.names.plural);
    if (served) {
      await registry.fresh();
      const items = served.stored.cache.list({}).slice(0, instancesPerRound);
      const deleting = items.map(({ namespace, name: instance }) =>
        deleteObject(registry, served, { namespace, name: instance }, {}, serverWrite()).catch(
          (error: unknown) => {
            if (!isApiError(error, 'NotFound')) throw error;
          },
        ),
      );
      await Promise.all(deleting);
      await registry.fresh();
      if (served.stored.cache.size > 0) {
        // Finalizers keep some, or there were more than one round takes.
        clock.after(items.length === instancesPerRound ? 0 : retryMs, () => {
          this.#pending.add(name);
          this.#working ??= this.#work();
        });
        if (conditionOf(definition, 'Terminating')?.status !== 'True') {
          await this.#update(definition, (current) => {
            setCondition(
              current,
              {
                type: 'Terminating',
                status: 'True',
                reason: 'InstanceDeletionInProgress',
                message: 'CustomResource deletion is in progress',
              },
              registry.timestamp(),
            );
            return current;
          });
        }
        return;
      }
    }
    await this.#update(definition, (current) => {
      const meta = metadataOf(current);
      meta.finalizers = meta.finalizers?.filter((finalizer) => finalizer !== cleanupFinalizer);
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
      serverWrite({ subresource: 'status' }),
    );
  }
}

function defaultedNames(names: DefinitionNames): DefinitionNames {
  return {
    ...names,
    singular: names.singular || names.kind.toLowerCase(),
    listKind: names.listKind || `${names.kind}List`,
  };
}
