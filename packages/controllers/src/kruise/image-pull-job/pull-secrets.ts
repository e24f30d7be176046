/**
 * Credentials for nodes. A node may read the Secrets that its NodeImage names; those that a job names are copied into the
 * namespace `kruise-daemon-config` for that, one copy for each Secret however many jobs use it, and taken away with the last
 * of them, so that what nodes may read is there only while it is used.
 */
import { isApiError } from '@skerry/api';
import type { NodeImageSpec, Secret } from '@skerry/api';
import { resources } from '@skerry/client';
import type { ApiClient, Informer } from '@skerry/client';
import type { ImagePullJob } from '#kruise/kinds/image-pull.ts';
import { daemonConfigNamespace } from '#kruise/manifests/namespaces.ts';
import { hashName, isSame } from '#runtime/canonical.ts';

const sourceAnnotation = 'imagepulljobs.kruise.io/source-key';
const referencesAnnotation = 'imagepulljobs.kruise.io/references';
const modeAnnotation = 'imagepulljobs.kruise.io/mode';
const mode = 'batch';

export type SecretReference = NonNullable<NodeImageSpec['pullSecrets']>[number];

export class PullSecrets {
  readonly #client: ApiClient;
  /** Of the namespace of copies. */
  readonly #copies: Informer<Secret>;

  constructor({ client, copies }: { readonly client: ApiClient; readonly copies: Informer<Secret> }) {
    this.#client = client;
    this.#copies = copies;
  }

  /** Sees to the copies that a job needs, as they are now; a Secret that is not there is left out. */
  async hold(job: ImagePullJob): Promise<SecretReference[]> {
    const { namespace = '' } = job.metadata;
    const references: SecretReference[] = [];
    for (const name of job.spec?.pullSecrets ?? []) {
      if (namespace === daemonConfigNamespace) {
        references.push({ namespace, name });
        continue;
      }
      const source = await this.#client
        .resource<Secret>(resources.secrets)
        .get(name, { namespace })
        .catch(ignoreNotFound);
      if (source) references.push(await this.#copy(source, jobKey(job)));
    }
    return references;
  }

  async #copy(source: Secret, user: string): Promise<SecretReference> {
    const secrets = this.#client.resource<Secret>(resources.secrets);
    const key = `${source.metadata.namespace}/${source.metadata.name}`;
    const name = `${(source.metadata.name ?? '').slice(0, 240)}-${hashName(key)}`;
    const known = this.#copies.get(daemonConfigNamespace, name);
    const users = known ? usersOf(known) : new Set<string>();
    const wanted: Secret = {
      ...(known ?? { apiVersion: 'v1', kind: 'Secret' }),
      metadata: {
        ...(known?.metadata ?? { name, namespace: daemonConfigNamespace }),
        annotations: {
          ...known?.metadata.annotations,
          [sourceAnnotation]: key,
          [modeAnnotation]: mode,
          [referencesAnnotation]: textOf(users.add(user)),
        },
      },
      type: source.type,
      data: source.data,
    };
    if (!known) await secrets.create(wanted);
    else if (!isSame(known, wanted)) await secrets.update(wanted);
    return { namespace: daemonConfigNamespace, name, mode };
  }

  /** A job has ended or gone. */
  async release(key: string): Promise<void> {
    const secrets = this.#client.resource<Secret>(resources.secrets);
    for (const copy of this.#copies.list()) {
      const users = usersOf(copy);
      if (!users.delete(key)) continue;
      const { name = '', namespace, uid, annotations } = copy.metadata;
      if (users.size === 0) {
        await secrets.delete(name, { namespace, preconditions: { uid } }).catch(ignoreNotFound);
        continue;
      }
      const changed = { ...annotations, [referencesAnnotation]: textOf(users) };
      await secrets.update({ ...copy, metadata: { ...copy.metadata, annotations: changed } });
    }
  }

  /** Keys of jobs that copies are held for. */
  users(): Set<string> {
    return new Set(this.#copies.list().flatMap((copy) => [...usersOf(copy)]));
  }
}

function jobKey({ metadata }: ImagePullJob): string {
  return `${metadata.namespace}/${metadata.name}`;
}

function usersOf({ metadata }: Secret): Set<string> {
  const text = metadata.annotations?.[referencesAnnotation] ?? '';
  return new Set(text.split(',').filter((key) => key !== ''));
}

function textOf(users: ReadonlySet<string>): string {
  return [...users].sort().join(',');
}

function ignoreNotFound(error: unknown): undefined {
  if (!isApiError(error, 'NotFound')) throw error;
  return undefined;
}
