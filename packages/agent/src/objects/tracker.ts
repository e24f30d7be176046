/**
 * ConfigMaps and Secrets that pods of this node use, and nothing else: each is followed by its name for as long as a pod
 * holds it, since a node may not list them all. Readers get the newest state known; a pod is told when one changes.
 */
import type { ConfigMap, KubeObject, Pod, Secret } from '@skerry/api';
import { Informer, resources, type ApiClient, type ResourceRef } from '@skerry/client';
import { sleep, type Clock, type Logger } from '@skerry/base';
import { allContainers, ephemeralContainers, podUid } from '#pods/labels.ts';
import { pullSecretNames } from '#images/puller.ts';
import { watchLifeMs } from '#watch-life.ts';

export interface ObjectTrackerOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  /** Whether volumes are made; otherwise only what environments need is followed. */
  readonly volumes: boolean;
  /** Something that this pod holds has changed. */
  readonly changed: (uid: string) => void;
}

export class NotYetKnownError extends Error {
  override readonly name = 'NotYetKnownError';
}

interface Followed {
  readonly informer: Informer;
  readonly stop: AbortController;
  readonly holders: Set<string>;
  readonly namespace: string;
  readonly name: string;
}

const firstReadMs = 10_000;

const kinds = { configmap: resources.configMaps, secret: resources.secrets } as const;
type Kind = keyof typeof kinds;

export class ObjectTracker {
  readonly #options: ObjectTrackerOptions;
  readonly #followed = new Map<string, Followed>();
  readonly #runs = new Set<Promise<void>>();

  constructor(options: ObjectTrackerOptions) {
    this.#options = options;
  }

  /** Follows what the pod names, and no longer what it named before. */
  hold(pod: Pod): void {
    const uid = podUid(pod);
    const namespace = pod.metadata.namespace ?? '';
    const wanted = new Set<string>();
    const want = (kind: Kind, name: string | undefined) => {
      if (name) wanted.add(keyOf(kind, namespace, name));
      if (name) this.#follow(kind, { namespace, name, uid });
    };
    const { volumes } = this.#options;
    for (const name of configMapNames(pod, { volumes })) want('configmap', name);
    for (const name of secretNames(pod, { volumes })) want('secret', name);
    this.#release(uid, wanted);
  }

  release(uid: string): void {
    this.#release(uid, new Set());
  }

  configMap(namespace: string, name: string): Promise<ConfigMap | undefined> {
    return this.#read<ConfigMap>('configmap', namespace, name);
  }

  secret(namespace: string, name: string): Promise<Secret | undefined> {
    return this.#read<Secret>('secret', namespace, name);
  }

  /** Ends all watches and waits for them. */
  async close(): Promise<void> {
    for (const { stop } of this.#followed.values()) stop.abort(new Error('agent stops'));
    this.#followed.clear();
    await Promise.all(this.#runs);
  }

  #follow(kind: Kind, { namespace, name, uid }: { namespace: string; name: string; uid: string }): void {
    const key = keyOf(kind, namespace, name);
    const known = this.#followed.get(key);
    if (known) {
      known.holders.add(uid);
      return;
    }
    const { client, clock, log, random, changed } = this.#options;
    const ref: ResourceRef = kinds[kind];
    const informer = new Informer<KubeObject>({
      watchLifeMs,
      source: client.resource(ref),
      name: ref.resource,
      scope: { namespace, fieldSelector: `metadata.name=${name}` },
      clock,
      log,
      random,
    });
    const followed: Followed = {
      informer,
      stop: new AbortController(),
      holders: new Set([uid]),
      namespace,
      name,
    };
    const tell = () => {
      if (informer.hasSynced()) for (const holder of followed.holders) changed(holder);
    };
    informer.addHandler({ onAdd: tell, onUpdate: tell, onDelete: tell });
    this.#followed.set(key, followed);
    const run = informer.run(followed.stop.signal).finally(() => this.#runs.delete(run));
    this.#runs.add(run);
  }

  #release(uid: string, except: ReadonlySet<string>): void {
    for (const [key, followed] of this.#followed) {
      if (except.has(key) || !followed.holders.delete(uid) || followed.holders.size > 0) continue;
      followed.stop.abort(new Error('no pod uses it any more'));
      this.#followed.delete(key);
    }
  }

  async #read<T extends KubeObject>(kind: Kind, namespace: string, name: string): Promise<T | undefined> {
    const followed = this.#followed.get(keyOf(kind, namespace, name));
    if (!followed) throw new NotYetKnownError(`object "${namespace}"/"${name}" not registered`);
    const { clock } = this.#options;
    const deadline = clock.monotonic() + firstReadMs;
    while (!followed.informer.hasSynced()) {
      if (clock.monotonic() >= deadline || followed.stop.signal.aborted) {
        throw new NotYetKnownError(`failed to sync ${kind} cache: timed out waiting for the condition`);
      }
      await sleep(clock, 20);
    }
    return followed.informer.get(namespace, name) as T | undefined;
  }
}

function keyOf(kind: Kind, namespace: string, name: string): string {
  return `${kind}/${namespace}/${name}`;
}

export function configMapNames(pod: Pod, { volumes = true } = {}): string[] {
  const names = new Set<string | undefined>();
  for (const { env, envFrom } of [...allContainers(pod), ...ephemeralContainers(pod)]) {
    for (const { valueFrom } of env ?? []) names.add(valueFrom?.configMapKeyRef?.name);
    for (const { configMapRef } of envFrom ?? []) names.add(configMapRef?.name);
  }
  for (const { configMap, projected } of volumes ? (pod.spec?.volumes ?? []) : []) {
    names.add(configMap?.name);
    for (const source of projected?.sources ?? []) names.add(source.configMap?.name);
  }
  return [...names].flatMap((name) => (name ? [name] : []));
}

export function secretNames(pod: Pod, { volumes = true } = {}): string[] {
  const names = new Set<string | undefined>(pullSecretNames(pod));
  for (const { env, envFrom } of [...allContainers(pod), ...ephemeralContainers(pod)]) {
    for (const { valueFrom } of env ?? []) names.add(valueFrom?.secretKeyRef?.name);
    for (const { secretRef } of envFrom ?? []) names.add(secretRef?.name);
  }
  for (const { secret, projected } of volumes ? (pod.spec?.volumes ?? []) : []) {
    names.add(secret?.secretName);
    for (const source of projected?.sources ?? []) names.add(source.secret?.name);
  }
  return [...names].flatMap((name) => (name ? [name] : []));
}
