import type { AnyObject, KindInfo } from '@skerry/api';
import { fieldByPath } from '@skerry/serving';
import { alreadyExists, conflict, notFound } from '@skerry/api';
import { AuditNotes } from '#audit/audit-notes.ts';
import type { AdmissionContext, ObjectChange, ObjectRef, ServerAccess, UserInfo } from '#security.ts';

/**
 * Objects in memory behind the ports through which security reads and writes the server: what a test puts in is seen at
 * once. It keeps resource versions, and knows nothing else of a registry.
 */
export class ObjectTable implements ServerAccess {
  readonly dynamicAdmission = { name: 'DynamicAdmission' };
  readonly #objects = new Map<string, AnyObject>();
  readonly #listeners = new Map<string, Set<(change: ObjectChange) => void>>();
  #revision = 0;

  readonly read: ServerAccess['read'] = {
    // The caller says what kind it asks for, as with the real reader; no value can prove it.
    // oxlint-disable-next-line typescript/no-unnecessary-type-parameters
    get: <T>(ref: ObjectRef, name: string, namespace?: string) =>
      this.#objects.get(keyOf(ref, name, namespace)) as T | undefined,
    list: <T>(ref: ObjectRef, namespace?: string) =>
      [...this.#objects]
        .filter(([key]) => key.startsWith(`${refKey(ref)}/${namespace === undefined ? '' : `${namespace}/`}`))
        .map(([, object]) => object as T),
    listByField: <T>(ref: ObjectRef, field: string, value: string) =>
      this.read
        .list(ref)
        .filter((object) => fieldByPath(object, field) === value)
        .map((object) => object as T),
    onChange: (ref, onChange) => {
      const listeners = this.#listeners.get(refKey(ref)) ?? new Set();
      this.#listeners.set(refKey(ref), listeners.add(onChange));
      return () => listeners.delete(onChange);
    },
  };

  readonly write: ServerAccess['write'] = {
    create: (ref, object) => {
      const { name = '', namespace } = object.metadata ?? {};
      if (this.read.get(ref, name, namespace)) return Promise.reject(alreadyExists(ref, name));
      return Promise.resolve(this.put(ref, object));
    },
    update: (ref, object) => {
      const { name = '', namespace, resourceVersion } = object.metadata ?? {};
      const existing = this.read.get(ref, name, namespace);
      if (!existing) return Promise.reject(notFound(ref, name));
      if (resourceVersion && existing.metadata?.resourceVersion !== resourceVersion) {
        return Promise.reject(conflict(ref, name));
      }
      return Promise.resolve(this.put(ref, object));
    },
    delete: (ref, name, namespace) => Promise.resolve(this.remove(ref, name, namespace)),
  };

  kinds(): readonly KindInfo[] {
    return [];
  }

  put(ref: ObjectRef, object: AnyObject): AnyObject {
    const { name = '', namespace } = object.metadata ?? {};
    const stored = structuredClone(object);
    const uid = object.metadata?.uid ?? `uid-${name}`;
    stored.metadata = { ...stored.metadata, uid, resourceVersion: String(++this.#revision) };
    this.#objects.set(keyOf(ref, name, namespace), stored);
    this.#tell(ref, 'put', stored);
    return stored;
  }

  remove(ref: ObjectRef, name: string, namespace?: string): void {
    const object = this.#objects.get(keyOf(ref, name, namespace));
    if (!object) return;
    this.#objects.delete(keyOf(ref, name, namespace));
    this.#tell(ref, 'delete', object);
  }

  #tell(ref: ObjectRef, type: 'put' | 'delete', object: AnyObject): void {
    const { name = '', namespace = '' } = object.metadata ?? {};
    for (const listener of this.#listeners.get(refKey(ref)) ?? [])
      listener({ type, namespace, name, object });
  }
}

/** A write as admission sees it; what a test does not name is a create of a pod by nobody special. */
export function admissionContext(
  of: Partial<Omit<AdmissionContext, 'kind'>> & {
    readonly kind?: Partial<KindInfo>;
    readonly user?: UserInfo;
  },
): AdmissionContext {
  const kind = { group: '', version: 'v1', kind: 'Pod', resource: 'pods', namespaced: true, ...of.kind };
  const named = of.object ?? of.oldObject;
  return {
    operation: 'CREATE',
    resource: kind.resource,
    subresource: '',
    namespace: kind.namespaced ? (named?.metadata?.namespace ?? 'default') : '',
    name: named?.metadata?.name ?? '',
    object: undefined,
    oldObject: undefined,
    user: { name: 'u', groups: ['system:authenticated'] },
    dryRun: false,
    options: {},
    warnings: [],
    auditAnnotations: new AuditNotes(),
    ...of,
    // Plugins read only the facts above.
    kind: kind as KindInfo,
  };
}

function refKey({ group, resource }: ObjectRef): string {
  return `${resource}.${group}`;
}

function keyOf(ref: ObjectRef, name: string, namespace = ''): string {
  return `${refKey(ref)}/${namespace}/${name}`;
}
