/**
 * Which Secrets, ConfigMaps, claims, service accounts and resource claims the pods of a node refer to: what makes the node
 * allowed to read them. Reckoned for a node when it first asks, from its own pods alone, and kept by change from then on: a
 * scan for each read would cost more than the read, and one of all 50,000 pods would hold everybody up.
 */
import type { KubeObject, Pod, PodSpec } from '@skerry/api';
import type { ObjectReader } from '#security.ts';

export type Referred =
  | 'secrets'
  | 'configmaps'
  | 'persistentvolumeclaims'
  | 'serviceaccounts'
  | 'resourceclaims';

const pods = { group: '', resource: 'pods' };

export class PodGraph {
  readonly #read: ObjectReader;
  /** Node to pod key to references, of nodes that have asked. */
  readonly #byNode = new Map<string, Map<string, ReadonlySet<string>>>();
  /** Pod key to its node. */
  readonly #nodeOf = new Map<string, string>();

  constructor(read: ObjectReader) {
    this.#read = read;
    read.onChange(pods, (change) => {
      if (this.#byNode.size === 0) return;
      if (change.type === 'delete') this.#remove(`${change.namespace}/${change.name}`);
      else this.#put(change.object as unknown as Pod);
    });
  }

  refers(node: string, what: Referred, namespace: string, name: string): boolean {
    const wanted = `${what}/${namespace}/${name}`;
    for (const references of this.#podsOf(node).values()) {
      if (references.has(wanted)) return true;
    }
    return false;
  }

  /** Claims that pods of the node use, as `<namespace>/<name>`. */
  claimsOf(node: string): string[] {
    const prefix = 'persistentvolumeclaims/';
    return [...this.#podsOf(node).values()].flatMap((references) =>
      [...references].filter((each) => each.startsWith(prefix)).map((each) => each.slice(prefix.length)),
    );
  }

  #podsOf(node: string): ReadonlyMap<string, ReadonlySet<string>> {
    const known = this.#byNode.get(node);
    if (known) return known;
    const found = new Map<string, ReadonlySet<string>>();
    this.#byNode.set(node, found);
    for (const pod of this.#read.listByField<Pod>(pods, 'spec.nodeName', node)) this.#put(pod);
    return found;
  }

  #put(pod: Pod): void {
    const key = keyOf(pod);
    this.#remove(key);
    const node = pod.spec?.nodeName;
    const known = node ? this.#byNode.get(node) : undefined;
    if (!node || !known || !pod.spec) return;
    this.#nodeOf.set(key, node);
    const references = referencesOf(pod.spec, pod.metadata.name ?? '', pod.metadata.namespace ?? '');
    for (const status of pod.status?.resourceClaimStatuses ?? []) {
      if (status.resourceClaimName) {
        references.add(`resourceclaims/${pod.metadata.namespace ?? ''}/${status.resourceClaimName}`);
      }
    }
    known.set(key, references);
  }

  #remove(key: string): void {
    const node = this.#nodeOf.get(key);
    if (node === undefined) return;
    this.#nodeOf.delete(key);
    this.#byNode.get(node)?.delete(key);
  }
}

/** Every named object that a pod needs to run, as `<resource>/<namespace>/<name>`. */
export function referencesOf(spec: PodSpec, podName: string, namespace: string): Set<string> {
  const references = new Set<string>();
  const add = (what: Referred, name: string | undefined) => {
    if (name) references.add(`${what}/${namespace}/${name}`);
  };
  add('serviceaccounts', spec.serviceAccountName);
  for (const { name } of spec.imagePullSecrets ?? []) add('secrets', name);
  for (const claim of spec.resourceClaims ?? []) add('resourceclaims', claim.resourceClaimName);
  const containers = [
    ...(spec.initContainers ?? []),
    ...spec.containers,
    ...(spec.ephemeralContainers ?? []),
  ];
  for (const { env = [], envFrom = [] } of containers) {
    for (const { valueFrom } of env) {
      add('secrets', valueFrom?.secretKeyRef?.name);
      add('configmaps', valueFrom?.configMapKeyRef?.name);
    }
    for (const source of envFrom) {
      add('secrets', source.secretRef?.name);
      add('configmaps', source.configMapRef?.name);
    }
  }
  for (const volume of spec.volumes ?? []) {
    add('secrets', volume.secret?.secretName);
    add('configmaps', volume.configMap?.name);
    add('persistentvolumeclaims', volume.persistentVolumeClaim?.claimName);
    // The claim of a generic ephemeral volume is named after pod and volume.
    if (volume.ephemeral) add('persistentvolumeclaims', `${podName}-${volume.name}`);
    for (const source of volume.projected?.sources ?? []) {
      add('secrets', source.secret?.name);
      add('configmaps', source.configMap?.name);
    }
    add('secrets', volume.csi?.nodePublishSecretRef?.name);
    add('secrets', volume.cephfs?.secretRef?.name);
    add('secrets', volume.flexVolume?.secretRef?.name);
    add('secrets', volume.iscsi?.secretRef?.name);
    add('secrets', volume.rbd?.secretRef?.name);
    add('secrets', volume.azureFile?.secretName);
  }
  return references;
}

function keyOf({ metadata }: KubeObject): string {
  return `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`;
}
