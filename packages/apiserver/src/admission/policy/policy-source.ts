/** Policies with their bindings as they are now, compiled; by name of the policy, then of the binding. */
import type { KubeObject } from '@skerry/api';
import type { ObjectReader } from '#security.ts';

/** What policies of both kinds have in common. */
interface Policy extends KubeObject {
  readonly spec?: object;
}

interface Binding extends KubeObject {
  readonly spec?: { readonly policyName?: string };
}

export interface Hook<P, B, C> {
  readonly policy: P;
  readonly bindings: readonly B[];
  readonly compiled: C;
}

export class PolicySource<P extends Policy, B extends Binding, C> {
  readonly #read: ObjectReader;
  readonly #policies: { readonly group: string; readonly resource: string };
  readonly #bindings: { readonly group: string; readonly resource: string };
  readonly #compile: (policy: P) => C;
  /** By what they were compiled from. */
  #compiled = new Map<string, C>();
  #hooks: readonly Hook<P, B, C>[] | undefined;

  constructor(read: ObjectReader, kind: 'mutating' | 'validating', compile: (policy: P) => C) {
    const group = 'admissionregistration.k8s.io';
    this.#read = read;
    this.#policies = { group, resource: `${kind}admissionpolicies` };
    this.#bindings = { group, resource: `${kind}admissionpolicybindings` };
    this.#compile = compile;
    read.onChange(this.#policies, () => (this.#hooks = undefined));
    read.onChange(this.#bindings, () => (this.#hooks = undefined));
  }

  /** A policy that nothing binds concerns nobody. */
  get hooks(): readonly Hook<P, B, C>[] {
    return (this.#hooks ??= this.#make());
  }

  #make(): Hook<P, B, C>[] {
    const bindings = Map.groupBy(this.#read.list<B>(this.#bindings), ({ spec }) => spec?.policyName ?? '');
    const compiled = new Map<string, C>();
    const hooks = this.#read
      .list<P>(this.#policies)
      .toSorted(byName)
      .flatMap((policy): Hook<P, B, C>[] => {
        const bound = bindings.get(policy.metadata?.name ?? '');
        if (!bound) return [];
        const key = JSON.stringify([policy.metadata?.uid, policy.spec]);
        const program = this.#compiled.get(key) ?? this.#compile(policy);
        compiled.set(key, program);
        return [{ policy, bindings: bound.toSorted(byName), compiled: program }];
      });
    this.#compiled = compiled;
    return hooks;
  }
}

function byName(a: KubeObject, b: KubeObject): number {
  return (a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1;
}
