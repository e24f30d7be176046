/** The objects that a text of YAML says, in the order in which they can be made. */
import { textOf, type KubernetesObject } from '#editor/object-text.ts';
import {
  documentsMax,
  meaningfulDocuments,
  headOf,
  objectOf,
  readLengthMax,
  YamlRefused,
  type RefusalReason,
} from '#editor/yaml-text.ts';

export interface Manifest {
  /** Of the object among those of the text, from 0. */
  readonly index: number;
  /** What is sent: the text as it was written. */
  readonly text: string;
  /** Where it starts in the whole text. */
  readonly from: number;
  readonly object: KubernetesObject;
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string | undefined;
  /** It has no name yet: the server gives it one. */
  readonly isGenerated: boolean;
}

export type ReadFault = { readonly from: number; readonly document: number } & (
  | { readonly reason: RefusalReason; readonly message: string }
  | { readonly reason: 'noType' | 'noName' | 'tooMany'; readonly message: '' }
);

export interface ReadText {
  readonly manifests: readonly Manifest[];
  readonly faults: readonly ReadFault[];
}

/** Lists (`kind: List`) are read as the objects in them. */
export function readManifests(text: string): ReadText {
  const manifests: Manifest[] = [];
  const faults: ReadFault[] = [];
  const pieces = meaningfulDocuments(text);
  for (const [document, piece] of pieces.slice(0, documentsMax).entries()) {
    const at = { from: piece.from, document };
    try {
      for (const one of objectsOf(piece.text)) {
        const read = manifestOf(one.object, { index: manifests.length, text: one.text, from: piece.from });
        if (typeof read === 'string') faults.push({ ...at, reason: read, message: '' });
        else manifests.push(read);
      }
    } catch (error) {
      if (!(error instanceof YamlRefused)) throw error;
      faults.push({ ...at, reason: error.reason, message: error.message });
    }
  }
  const tooMany = pieces[documentsMax];
  if (tooMany) faults.push({ from: tooMany.from, document: documentsMax, reason: 'tooMany', message: '' });
  return { manifests, faults };
}

function objectsOf(text: string): readonly { object: KubernetesObject; text: string }[] {
  if (text.length > readLengthMax) return [{ object: headOf(text), text }];
  const object: KubernetesObject = objectOf(text);
  const items = object['items'];
  if (object.kind !== 'List' || object.apiVersion !== 'v1' || !Array.isArray(items))
    return [{ object, text }];
  return (items as KubernetesObject[])
    .slice(0, documentsMax)
    .map((item) => ({ object: item, text: textOf(item) }));
}

function manifestOf(
  object: KubernetesObject,
  rest: Pick<Manifest, 'index' | 'text' | 'from'>,
): Manifest | 'noType' | 'noName' {
  const { apiVersion, kind, metadata } = object;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string' || !apiVersion || !kind) return 'noType';
  const name = metadata?.name ?? metadata?.generateName;
  if (typeof name !== 'string' || name === '') return 'noName';
  const namespace = typeof metadata?.namespace === 'string' ? metadata.namespace : undefined;
  return { ...rest, object, apiVersion, kind, name, namespace, isGenerated: metadata?.name === undefined };
}

/** What others stand on comes first. Kinds that aren't named come where workloads do. */
const order: readonly (readonly string[])[] = [
  ['Namespace'],
  ['CustomResourceDefinition'],
  ['PriorityClass', 'RuntimeClass', 'StorageClass', 'IngressClass', 'NodePool'],
  ['ResourceQuota', 'LimitRange', 'NetworkPolicy'],
  ['ServiceAccount'],
  ['Secret', 'ConfigMap'],
  ['PersistentVolume'],
  ['PersistentVolumeClaim'],
  ['ClusterRole', 'Role'],
  ['ClusterRoleBinding', 'RoleBinding'],
  ['Service'],
];
const late: readonly (readonly string[])[] = [
  ['HorizontalPodAutoscaler', 'PodDisruptionBudget'],
  ['Ingress'],
  ['APIService'],
  ['ValidatingAdmissionPolicy'],
  ['ValidatingAdmissionPolicyBinding', 'ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration'],
];

export function inOrder(manifests: readonly Manifest[]): readonly Manifest[] {
  return manifests.toSorted((one, other) => rankOf(one.kind) - rankOf(other.kind) || one.index - other.index);
}

function rankOf(kind: string): number {
  const early = order.findIndex((kinds) => kinds.includes(kind));
  if (early >= 0) return early;
  const at = late.findIndex((kinds) => kinds.includes(kind));
  return order.length + (at >= 0 ? at + 1 : 0);
}

/** Whether one of the manifests makes the kind of another. */
export function definesKind({ object }: Manifest, { apiVersion, kind }: Manifest): boolean {
  if (object.kind !== 'CustomResourceDefinition') return false;
  // Of a long one only the name is known: plural and group.
  if (object['spec'] === undefined)
    return object.metadata?.name?.endsWith(`.${apiVersion.split('/')[0]}`) ?? false;
  const spec = object['spec'] as
    | { group?: string; names?: { kind?: string }; versions?: { name?: string }[] }
    | undefined;
  const versions = Array.isArray(spec?.versions) ? spec.versions : [];
  return spec?.names?.kind === kind && versions.some(({ name }) => `${spec.group}/${name}` === apiVersion);
}
