/**
 * The center's people and their grants, kept at hand by watches on the management API. Answers are as fresh as the watch;
 * whoever must not miss a change adds a listener.
 */
import { type Clock, type Logger, sleep } from '@skerry/base';
import { type ApiClient, InformerFactory, type Informer, type InformerHandler } from '@skerry/client';
import {
  type ApiToken,
  type Grant,
  type IdentityProvider,
  type Owner,
  peopleResources,
  type User,
} from '#people/kinds.ts';

/** Who is asked about: a name and the groups that came with it. */
export interface Person {
  readonly user: string;
  readonly groups: readonly string[];
}

export interface DirectoryOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
}

const seenMsMax = 5_000;

export class Directory {
  readonly #options: DirectoryOptions;
  readonly #factory: InformerFactory;
  readonly users: Informer<User>;
  readonly grants: Informer<Grant>;
  readonly apiTokens: Informer<ApiToken>;
  readonly owners: Informer<Owner>;
  readonly providers: Informer<IdentityProvider>;

  constructor(options: DirectoryOptions) {
    this.#options = options;
    this.#factory = new InformerFactory(options);
    this.users = this.#factory.informer<User>(peopleResources.users);
    this.grants = this.#factory.informer<Grant>(peopleResources.grants);
    this.apiTokens = this.#factory.informer<ApiToken>(peopleResources.apiTokens);
    this.owners = this.#factory.informer<Owner>(peopleResources.owners);
    this.providers = this.#factory.informer<IdentityProvider>(peopleResources.identityProviders);
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#factory.run(signal);
  }

  waitForSync(signal?: AbortSignal): Promise<void> {
    return this.#factory.waitForSync(signal);
  }

  user(name: string): User | undefined {
    return this.users.get(undefined, name);
  }

  /** A user's own groups, or what the identity provider said last. */
  groupsOf(user: User): readonly string[] {
    return (user.spec.oidc ? user.status?.groups : user.spec.groups) ?? [];
  }

  grantsOf({ user, groups }: Person): Grant[] {
    return this.grants.list().filter(({ spec: { subject } }) => {
      return subject.kind === 'User' ? subject.name === user : groups.includes(subject.name);
    });
  }

  /** Waits until the watch has brought an object that was just made, for at most five seconds. */
  seen(informer: { get(namespace: undefined, name: string): unknown }, name: string): Promise<void> {
    return this.waitFor(() => informer.get(undefined, name) !== undefined);
  }

  /** Waits until the watch has brought what makes it true, for at most five seconds. */
  async waitFor(isTrue: () => boolean): Promise<void> {
    const { clock } = this.#options;
    const deadlineMs = clock.monotonic() + seenMsMax;
    while (!isTrue() && clock.monotonic() < deadlineMs) await sleep(clock, 5);
  }

  /** Calls back after anything that decides who may do what has changed. */
  onChange(listener: () => void): () => void {
    const removes = [
      this.users.addHandler(
        onDifference(listener, ({ metadata, spec, status }) => [metadata?.annotations, spec, status?.groups]),
      ),
      this.grants.addHandler(onDifference(listener, ({ spec }) => spec)),
    ];
    return () => removes.forEach((remove) => remove());
  }
}

/** What is written into a status decides nothing. */
function onDifference<T>(listener: () => void, deciding: (object: T) => unknown): InformerHandler<T> {
  return {
    onAdd: listener,
    onUpdate(object, old) {
      if (JSON.stringify(deciding(object)) !== JSON.stringify(deciding(old))) listener();
    },
    onDelete: listener,
  };
}
