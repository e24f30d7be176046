import type { AnyObject, KindInfo, SchemaSet } from '@skerry/api';
import type { EncoderSet } from '@skerry/serving';
import type { RemoteConversion } from '#registry/conversion.ts';
import type { StoredResource } from '#registry/stored-resource.ts';

/** One served version of a resource that is kept in the store. */
export interface Served {
  readonly info: KindInfo;
  /** Where `info.schema` is found. */
  readonly schemas: SchemaSet;
  readonly stored: StoredResource;
  /** Encodes stored objects in this version. */
  readonly encoders: EncoderSet;
  /** Whether the kind comes from a CustomResourceDefinition: no strategic merge patch, no protobuf. */
  readonly custom: boolean;
  /** Set where versions are not made of each other at once; the two below then only rename. */
  readonly remote?: RemoteConversion;
  /** This version → storage version; new top level, shared depths. */
  readonly toStorage: (object: AnyObject) => AnyObject;
  readonly fromStorage: (object: AnyObject) => AnyObject;
}

/** A kind that is answered without a store: reviews, metrics. */
export interface VirtualKind {
  readonly info: KindInfo;
  readonly schemas: SchemaSet;
}

/**
 * What is served now. Built-in kinds are there from the start, those of CRDs come and go; `generation` counts the
 * changes, so that discovery and OpenAPI know when what they rendered is old.
 */
export class KindTable {
  readonly #stored = new Map<string, Served>();
  readonly #virtual = new Map<string, VirtualKind>();
  readonly #preferred = new Map<string, Served>();
  readonly #resources = new Map<string, StoredResource>();
  #generation = 1;

  get generation(): number {
    return this.#generation;
  }

  add(served: Served): void {
    const { group, version, resource } = served.info;
    this.#stored.set(key(group, version, resource), served);
    this.#resources.set(`${group}/${resource}`, served.stored);
    const isStored = (served.info.storage?.version ?? version) === version;
    if (isStored || !this.#preferred.has(`${group}/${resource}`))
      this.#preferred.set(`${group}/${resource}`, served);
    this.#generation++;
  }

  addVirtual(kind: VirtualKind): void {
    this.#virtual.set(key(kind.info.group, kind.info.version, kind.info.resource), kind);
    this.#generation++;
  }

  /** Takes all versions of a resource out of service. */
  remove(group: string, resource: string): void {
    for (const [at, { info }] of this.#stored) {
      if (info.group === group && info.resource === resource) this.#stored.delete(at);
    }
    this.#resources.delete(`${group}/${resource}`);
    this.#preferred.delete(`${group}/${resource}`);
    this.#generation++;
  }

  stored(group: string, version: string, resource: string): Served | undefined {
    return this.#stored.get(key(group, version, resource));
  }

  virtual(group: string, version: string, resource: string): VirtualKind | undefined {
    return this.#virtual.get(key(group, version, resource));
  }

  serves(group: string, version: string, resource: string): boolean {
    const at = key(group, version, resource);
    return this.#stored.has(at) || this.#virtual.has(at);
  }

  /** Whether the group has kinds of the server's own. */
  isBuiltIn(group: string): boolean {
    const own = [...this.#stored.values()].filter(({ custom }) => !custom);
    return [...own, ...this.#virtual.values()].some(({ info }) => info.group === group);
  }

  /** Any served version of a resource, the stored one where it is served. */
  anyVersion(group: string, resource: string): Served | undefined {
    return this.#preferred.get(`${group}/${resource}`);
  }

  allStored(): Served[] {
    return [...this.#stored.values()];
  }

  /** Everything that discovery lists. */
  infos(): KindInfo[] {
    return [...this.#stored.values(), ...this.#virtual.values()].map(({ info }) => info);
  }

  all(): VirtualKind[] {
    return [...this.#stored.values(), ...this.#virtual.values()];
  }

  /** Each once, however many versions serve it. */
  storedResources(): Iterable<StoredResource> {
    return this.#resources.values();
  }

  storedResource(group: string, resource: string): StoredResource | undefined {
    return this.#resources.get(`${group}/${resource}`);
  }
}

function key(group: string, version: string, resource: string): string {
  return `${group}/${version}/${resource}`;
}
