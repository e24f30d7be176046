import type { GroupResource } from '@skerry/api';
import { envelope, type InstallationKey } from '#encryption/envelope.ts';
import { firstOf, identity, type Provider, type ValueTransformer } from '#encryption/transformer.ts';

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
  readonly #rules: readonly EncryptionRule[] | undefined;
  readonly #envelopes: readonly Provider[];

  /** Without keys and rules, nothing is sealed. */
  constructor({
    keys = [],
    rules,
  }: { readonly keys?: readonly InstallationKey[]; readonly rules?: readonly EncryptionRule[] } = {}) {
    this.#envelopes = keys.map((key) => envelope(key));
    this.#rules = rules;
  }

  transformerFor(resource: GroupResource): ValueTransformer {
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
