/**
 * The scheduler's picture of storage: local copies, and over them what it has decided and not yet written. Without that a
 * volume would be promised to every pod that is decided before the first promise shows. A promise lasts until the copy
 * shows a newer state of its object, or until it is taken back.
 */
import { resources } from '@skerry/client';
import type { Informer, InformerFactory } from '@skerry/client';
import { storageClassOf } from '@skerry/api';
import type {
  CSINode,
  KubeObject,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
} from '@skerry/api';
import type { PodInfo } from '#pod-info.ts';
import type { VolumeLookup } from '#volumes/lookup.ts';
import { emptyPlan, planVolumes, type VolumePlan } from '#volumes/plan.ts';
import { podClaims, selectedNode } from '#volumes/pod-claims.ts';

const byPlace = 'scheduler-place';

export class VolumeView implements VolumeLookup {
  readonly claims: Informer<PersistentVolumeClaim>;
  readonly volumes: Informer<PersistentVolume>;
  readonly #classes: Informer<StorageClass>;
  readonly #csiNodes: Informer<CSINode>;
  readonly #promisedClaims = new Map<string, PersistentVolumeClaim>();
  readonly #promisedVolumes = new Map<string, PersistentVolume>();

  /** `changed` is called after each change of what decisions read, with what kube-scheduler calls it. */
  constructor(factory: InformerFactory, changed: (event: string) => void) {
    this.claims = factory.informer<PersistentVolumeClaim>(resources.persistentVolumeClaims);
    this.volumes = factory.informer<PersistentVolume>(resources.persistentVolumes);
    this.#classes = factory.informer<StorageClass>(resources.storageClasses);
    this.#csiNodes = factory.informer<CSINode>(resources.csiNodes);
    this.volumes.addIndex(byPlace, (volume) => [placeOf(volume)]);
    const forget = <T extends KubeObject>(promised: Map<string, T>, kind: string) => ({
      onAdd: () => changed(`${kind}Add`),
      onUpdate(object: T) {
        promised.delete(keyOf(object));
        changed(`${kind}Update`);
      },
      onDelete(object: T) {
        promised.delete(keyOf(object));
        changed(`${kind}Delete`);
      },
    });
    const tell = (kind: string) => ({
      onAdd: () => changed(`${kind}Add`),
      onUpdate: () => changed(`${kind}Update`),
    });
    this.claims.addHandler(forget(this.#promisedClaims, 'PersistentVolumeClaim'));
    this.volumes.addHandler(forget(this.#promisedVolumes, 'PersistentVolume'));
    this.#classes.addHandler(tell('storage.k8s.io/StorageClass'));
    this.#csiNodes.addHandler(tell('storage.k8s.io/CSINode'));
  }

  claim(namespace: string, name: string): PersistentVolumeClaim | undefined {
    return this.#promisedClaims.get(`${namespace}/${name}`) ?? this.claims.get(namespace, name);
  }

  volume(name: string): PersistentVolume | undefined {
    return this.#promisedVolumes.get(name) ?? this.volumes.get(undefined, name);
  }

  storageClass(name: string): StorageClass | undefined {
    return name === '' ? undefined : this.#classes.get(undefined, name);
  }

  candidates(claim: PersistentVolumeClaim): readonly PersistentVolume[] {
    const { namespace, name } = claim.metadata;
    const found = [
      ...this.volumes.byIndex(byPlace, `claim ${namespace}/${name}`),
      ...this.volumes.byIndex(byPlace, `class ${storageClassOf(claim)}`),
    ];
    if (this.#promisedVolumes.size === 0) return found;
    return found.map((volume) => this.#promisedVolumes.get(keyOf(volume)) ?? volume);
  }

  csiNode(name: string): CSINode | undefined {
    return this.#csiNodes.get(undefined, name);
  }

  /** Promises what the pod's claims get on the node, and says what is to be written. */
  promise(info: PodInfo, node: Node): VolumePlan {
    if (info.claims.length === 0) return emptyPlan;
    const claims = podClaims(info, this);
    if ('fault' in claims || claims.delayed.length === 0) return emptyPlan;
    const plan = planVolumes(claims.delayed, node, this) ?? emptyPlan;
    for (const { claim, volume } of plan.bindings)
      this.#promisedVolumes.set(keyOf(volume), {
        ...volume,
        spec: { ...volume.spec, claimRef: referenceTo(claim) },
      });
    for (const claim of plan.provisions)
      this.#promisedClaims.set(keyOf(claim), {
        ...claim,
        metadata: {
          ...claim.metadata,
          annotations: { ...claim.metadata.annotations, [selectedNode]: node.metadata.name ?? '' },
        },
      });
    return plan;
  }

  takeBack({ bindings, provisions }: VolumePlan): void {
    for (const { volume } of bindings) this.#promisedVolumes.delete(keyOf(volume));
    for (const claim of provisions) this.#promisedClaims.delete(keyOf(claim));
  }
}

export function referenceTo({ metadata }: PersistentVolumeClaim) {
  const { name, namespace, uid, resourceVersion } = metadata;
  return { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name, namespace, uid, resourceVersion };
}

function placeOf(volume: PersistentVolume): string {
  const claim = volume.spec?.claimRef;
  return claim ? `claim ${claim.namespace}/${claim.name}` : `class ${storageClassOf(volume)}`;
}

function keyOf({ metadata }: KubeObject): string {
  return metadata?.namespace ? `${metadata.namespace}/${metadata.name}` : (metadata?.name ?? '');
}
