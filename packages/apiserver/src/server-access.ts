import {
  fieldSelectorOf,
  isApiError,
  notFound,
  type AnyObject,
  type KindInfo,
  type KubeObject,
} from '@skerry/api';
import type { CachedObject } from '@skerry/serving';
import { deleteObject } from '#registry/delete.ts';
import { createObject } from '#registry/create.ts';
import { applied } from '#registry/field-ownership.ts';
import type { KindTable, Served } from '#registry/kind-table.ts';
import { metadataOf, type Registry } from '#registry/registry.ts';
import { updateObject } from '#registry/update.ts';
import { serverWrite, type WriteOptions } from '#registry/write-options.ts';
import type { FieldOwner, ObjectReader, ObjectRef, ObjectWriter, ServerAccess } from '#security.ts';

type Listener = Parameters<ObjectReader['onChange']>[1];

/** The server's own view of its objects, for its parts. */
export class OwnAccess implements Omit<ServerAccess, 'dynamicAdmission'> {
  readonly #kinds: KindTable;
  readonly #registry: Registry;
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly read: ObjectReader;
  readonly write: ObjectWriter;

  constructor(kinds: KindTable, registry: Registry) {
    this.#kinds = kinds;
    this.#registry = registry;
    this.read = {
      // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as the interface says.
      get: <T extends KubeObject = AnyObject>(ref: ObjectRef, name: string, namespace = '') => {
        const served = kinds.anyVersion(ref.group, ref.resource);
        const item = served?.stored.cache.get(namespace, name);
        return item && (shownAtOnce(served!, item.object) as KubeObject as T);
      },
      list: <T extends KubeObject = AnyObject>(ref: ObjectRef, namespace?: string) => {
        const served = kinds.anyVersion(ref.group, ref.resource);
        if (!served) return [];
        return served.stored.cache
          .list({ namespace })
          .map(({ object }) => shownAtOnce(served, object) as KubeObject as T);
      },
      listByField: <T extends KubeObject = AnyObject>(ref: ObjectRef, field: string, value: string) => {
        const served = kinds.anyVersion(ref.group, ref.resource);
        if (!served) return [];
        const fieldSelector = fieldSelectorOf([{ field, operator: '=', value }]);
        return served.stored.cache
          .list({}, { fieldSelector })
          .map(({ object }) => served.fromStorage(object) as KubeObject as T);
      },
      onChange: (ref, listener) => {
        const key = `${ref.group}/${ref.resource}`;
        const listeners = this.#listeners.get(key) ?? new Set();
        this.#listeners.set(key, listeners);
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    };
    this.write = {
      create: async (ref, object, owner) => {
        const served = this.#served(ref, object);
        const namespace = metadataOf(object).namespace ?? '';
        return createObject(registry, served, namespace, structuredClone(object), ownWrite(owner));
      },
      update: async (ref, object, owner) => {
        const served = this.#served(ref, object);
        const { namespace = '', name = '' } = metadataOf(object);
        const write = ownWrite(owner);
        return updateObject(
          registry,
          served,
          { namespace, name },
          {
            part: 'raw',
            leavesCurrent: true,
            ...(owner?.applies
              ? { ownershipDone: true, transform: (old) => this.#applied(served, old, object, write) }
              : { transform: () => structuredClone(object) }),
          },
          write,
        );
      },
      delete: async (ref, name, namespace = '') => {
        const served = kinds.anyVersion(ref.group, ref.resource);
        if (!served) return;
        await deleteObject(registry, served, { namespace, name }, {}, serverWrite()).catch(
          (error: unknown) => {
            if (!isApiError(error, 'NotFound')) throw error;
          },
        );
      },
    };
  }

  kinds(): readonly KindInfo[] {
    return this.#kinds.infos();
  }

  /** Told by the feed of every change, after the cache has it. */
  notify(ref: ObjectRef, type: 'put' | 'delete', item: CachedObject): void {
    const { namespace, name } = item;
    const change = {
      type,
      namespace,
      name,
      get object() {
        return item.object;
      },
    };
    for (const listener of this.#listeners.get(`${ref.group}/${ref.resource}`) ?? []) listener(change);
  }

  /** Whether anyone asked for changes of this resource. */
  watches(ref: ObjectRef): boolean {
    return (this.#listeners.get(`${ref.group}/${ref.resource}`)?.size ?? 0) > 0;
  }

  #served(ref: ObjectRef, object: AnyObject): Served {
    const served = this.#kinds.anyVersion(ref.group, ref.resource);
    if (!served) throw notFound(ref, metadataOf(object).name ?? '');
    return served;
  }

  /** The object with its status applied rather than put. */
  #applied(served: Served, old: AnyObject, { apiVersion, kind, status }: AnyObject, write: WriteOptions) {
    const { name, namespace } = metadataOf(old);
    const metadata = { name, ...(namespace ? { namespace } : {}) };
    const configuration = { apiVersion, kind, metadata, status } as AnyObject;
    const { fieldManager: manager = '', subresource } = write;
    const time = this.#registry.timestamp();
    return applied(served, old, configuration, { manager, time, subresource, force: true });
  }

  get registry(): Registry {
    return this.#registry;
  }
}

function ownWrite({ manager = 'kube-apiserver', subresource }: FieldOwner = {}): WriteOptions {
  return serverWrite({ fieldManager: manager ?? undefined, subresource: subresource ?? '' });
}

/** Where a webhook converts, the server's own parts see what is stored: they can't wait for an answer, nor do without. */
function shownAtOnce({ remote, fromStorage }: Served, object: AnyObject): AnyObject {
  return remote ? object : fromStorage(object);
}
