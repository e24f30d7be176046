import type { GroupResource } from '@skerry/api';
import { envelope, type InstallationKey } from '#encryption/envelope.ts';
import {
  firstOf,
  identity,
  startsWith,
  type Provider,
  type ValueTransformer,
} from '#encryption/transformer.ts';

/** Providers of the resources that one rule names, first the one that writes. */
export interface EncryptionRule {
  /** `secrets`, `deployments.apps`, `*.apps`, `*.` (the core group), `*.*`. */
  readonly resources: readonly string[];
  readonly providers: readonly Provider[];
}

/** Which resources are sealed when nobody says otherwise: the one kind that holds passwords and tokens. */
const sealedByDefault: GroupResource = { group: '', resource: 'secrets' };

/**
 * Who seals and opens the values of a resource. Without a configuration, Secrets are sealed under the newest key of the
 * installation. With one, it alone says who writes; what is plain where a configuration has no `identity` does not open,
 * as upstream has it. Envelopes of the installation's keys open always and everywhere: so a configuration can be given, or
 * taken away from resources that it left plain, without a value becoming unreadable.
 */
export class StorageEncryption {
  readonly #envelopes: readonly Provider[];
  readonly #faults: () => readonly string[];
  #rules: readonly EncryptionRule[] | undefined;
  /** Providers that must be asked before they open. */
  #asked: readonly Provider[];
  #generation = 0;
  readonly checksPlugins: boolean;

  /** Without keys and rules, nothing is sealed. */
  constructor({
    keys = [],
    rules,
    faults,
  }: {
    readonly keys?: readonly InstallationKey[];
    readonly rules?: readonly EncryptionRule[];
    /** What is wrong with the plugins that rules rely on; unset where there are none to be checked. */
    readonly faults?: () => readonly string[];
  } = {}) {
    this.#envelopes = keys.map((key) => envelope(key));
    this.#rules = rules;
    this.#asked = askedOf(rules);
    this.#faults = faults ?? (() => []);
    this.checksPlugins = faults !== undefined;
  }

  get faults(): readonly string[] {
    return this.#faults();
  }

  /** From now on values are sealed and opened by these. What was sealed otherwise is for `reseal` of the server. */
  replace(rules: readonly EncryptionRule[]): void {
    this.#rules = rules;
    this.#asked = askedOf(rules);
    this.#generation++;
  }

  /** Asks for what these values need before they open; undefined where that is nothing, as it nearly always is. */
  prepare(stored: Iterable<{ readonly value: Uint8Array }>): Promise<unknown> | undefined {
    if (this.#asked.length === 0) return undefined;
    const asking = new Set<Promise<void>>();
    for (const { value } of stored) {
      for (const provider of this.#asked) {
        if (!startsWith(value, provider.prefix)) continue;
        const asked = provider.prepare?.(value.subarray(provider.prefix.length));
        if (asked) asking.add(asked);
      }
    }
    return asking.size > 0 ? Promise.all(asking) : undefined;
  }

  /** Goes by the rules of the time when it is used. */
  transformerFor(resource: GroupResource): ValueTransformer {
    let current = this.#transformerFor(resource);
    let generation = this.#generation;
    const now = () => {
      if (generation === this.#generation) return current;
      generation = this.#generation;
      return (current = this.#transformerFor(resource));
    };
    return {
      seal: (key, plain) => now().seal(key, plain),
      open: (key, stored) => now().open(key, stored),
    };
  }

  #transformerFor(resource: GroupResource): ValueTransformer {
    const [newest, ...older] = this.#envelopes;
    if (this.#rules) return firstOf(withPrimary(this.#providersOf(resource), this.#envelopes));
    const seals = newest && nameOf(resource) === nameOf(sealedByDefault);
    return firstOf(seals ? [newest, ...older, identity] : [identity, ...this.#envelopes]);
  }

  /** Of the rule that names the resource, its group, or everything; the more exact one counts, as it must come first. */
  #providersOf(resource: GroupResource): readonly Provider[] {
    const names = [nameOf(resource), `*.${resource.group}`, '*.*'];
    for (const name of names) {
      const rules = this.#rules?.filter(({ resources }) =>
        resources.some((each) => canonical(each) === name),
      );
      if (rules && rules.length > 0) return rules.flatMap(({ providers }) => providers);
    }
    return [];
  }
}

function askedOf(rules: readonly EncryptionRule[] = []): Provider[] {
  return [...new Set(rules.flatMap(({ providers }) => providers))].filter((each) => 'prepare' in each);
}

function withPrimary(
  [first = identity, ...more]: readonly Provider[],
  others: readonly Provider[],
): [Provider, ...Provider[]] {
  return [first, ...more, ...others];
}

/** `secrets` and `secrets.` are the same. */
function canonical(resource: string): string {
  return resource.includes('.') ? resource : `${resource}.`;
}

function nameOf({ group, resource }: GroupResource): string {
  return `${resource}.${group}`;
}
