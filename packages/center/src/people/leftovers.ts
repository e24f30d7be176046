/**
 * What a user leaves behind goes with the user, however they were taken away: a new user of the same name must inherit nothing.
 * At once for what was there when the user went; and every minute for whatever names a user who isn't there, once it is old
 * enough that the user can't just be on the way.
 */
import { type ConfigMap, isApiError, type KubeObject, type Secret } from '@skerry/api';
import { type Clock, describeError, type Logger, sleep } from '@skerry/base';
import { type ApiClient, type ResourceRef, resources } from '@skerry/client';
import type { Directory } from '#people/directory.ts';
import { peopleNamespace as namespace, peopleResources, type User } from '#people/kinds.ts';
import { passwordSecretPrefix } from '#people/passwords.ts';
import { preferencesPrefix } from '#people/people-routes.ts';

const everyMs = 60_000;
const ageMsMin = 5 * 60_000;

interface Leftover {
  readonly at: ResourceRef;
  readonly object: KubeObject;
  readonly user: string;
}

export class Leftovers {
  readonly name = 'leftovers of users';
  readonly #directory: Directory;
  readonly #client: ApiClient;
  readonly #clock: Clock;
  readonly #log: Logger;

  constructor(parts: { directory: Directory; client: ApiClient; clock: Clock; log: Logger }) {
    this.#directory = parts.directory;
    this.#client = parts.client;
    this.#clock = parts.clock;
    this.#log = parts.log;
  }

  async run(signal: AbortSignal): Promise<void> {
    await this.#directory.waitForSync(signal);
    const remove = this.#directory.users.addHandler({
      onDelete: ({ metadata }: User) => void this.#clean(metadata?.name ?? ''),
    });
    try {
      while (!signal.aborted) {
        await this.#clean();
        await sleep(this.#clock, everyMs, signal).catch(() => undefined);
      }
    } finally {
      remove();
    }
  }

  async #clean(gone?: string): Promise<void> {
    try {
      for (const leftover of await this.#all()) {
        if (gone === undefined ? await this.#isOrphan(leftover) : leftover.user === gone) {
          await this.#delete(leftover);
        }
      }
    } catch (error) {
      this.#log.warn('leftovers of users not removed', { error: describeError(error) });
    }
  }

  async #all(): Promise<Leftover[]> {
    const [secrets, configMaps] = await Promise.all([
      this.#client.resource<Secret>(resources.secrets).list({ namespace }),
      this.#client.resource<ConfigMap>(resources.configMaps).list({ namespace }),
    ]);
    const named = (at: ResourceRef, objects: readonly KubeObject[], prefix: string) =>
      objects.flatMap((object): Leftover[] => {
        const name = object.metadata?.name ?? '';
        return name.startsWith(prefix) ? [{ at, object, user: name.slice(prefix.length) }] : [];
      });
    return [
      ...named(resources.secrets, secrets.items, passwordSecretPrefix),
      ...named(resources.configMaps, configMaps.items, preferencesPrefix),
      ...this.#directory.apiTokens
        .list()
        .map((object) => ({ at: peopleResources.apiTokens, object, user: object.spec.user })),
      ...this.#directory.grants
        .list()
        .filter(({ spec }) => spec.subject.kind === 'User')
        .map((object) => ({ at: peopleResources.grants, object, user: object.spec.subject.name })),
    ];
  }

  /** Asked of the server itself: the watch may be behind. */
  async #isOrphan({ object, user }: Leftover): Promise<boolean> {
    const madeMs = Date.parse(object.metadata?.creationTimestamp ?? '');
    if (this.#directory.user(user) || this.#clock.now() - madeMs < ageMsMin) return false;
    try {
      await this.#client.resource(peopleResources.users).get(user);
      return false;
    } catch (error) {
      if (isApiError(error, 'NotFound')) return true;
      throw error;
    }
  }

  async #delete({ at, object, user }: Leftover): Promise<void> {
    const { name = '', uid } = object.metadata ?? {};
    try {
      const options = { ...(at.namespaced ? { namespace } : {}), preconditions: { uid } };
      await this.#client.resource(at).delete(name, options);
      this.#log.info('left behind by a user', { user, resource: at.resource, name });
    } catch (error) {
      if (!isApiError(error, 'NotFound') && !isApiError(error, 'Conflict')) throw error;
    }
  }
}
