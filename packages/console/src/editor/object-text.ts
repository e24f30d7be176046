/** Objects as YAML: the fields that people look for first, and no quotes where none are needed by any version of YAML. */
import { stringify } from 'yaml';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type KubernetesObject = Readonly<Record<string, unknown>> & {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: Readonly<Record<string, unknown>> & {
    readonly name?: string;
    readonly generateName?: string;
    readonly namespace?: string;
    readonly resourceVersion?: string;
  };
};

const first = ['apiVersion', 'kind', 'metadata', 'type', 'spec', 'data', 'stringData'];

export function textOf(object: KubernetesObject): string {
  const { status, ...rest } = object;
  const names = [
    ...first.filter((name) => name in rest),
    ...Object.keys(rest).filter((name) => !first.includes(name)),
  ];
  const ordered = Object.fromEntries(names.map((name) => [name, rest[name]]));
  // Words such as `yes` and `12:30` are quoted since the server reads YAML 1.1.
  return stringify(status === undefined ? ordered : { ...ordered, status }, {
    version: '1.1',
    lineWidth: 0,
    aliasDuplicateObjects: false,
  });
}

const ofServer = ['managedFields', 'resourceVersion', 'generation', 'creationTimestamp', 'uid', 'selfLink'];

/** Without what the server writes by itself, for comparing; the values of a Secret are hidden. */
export function comparableText(object: KubernetesObject): string {
  const { status: _, metadata, ...rest } = object;
  const kept = Object.entries(metadata ?? {}).filter(([name]) => !ofServer.includes(name));
  return textOf({ ...hideSecret(rest as KubernetesObject), metadata: Object.fromEntries(kept) });
}

function hideSecret(object: KubernetesObject): KubernetesObject {
  if (object.kind !== 'Secret' || object.apiVersion !== 'v1') return object;
  const hidden = ['data', 'stringData'].flatMap((name): [string, object][] => {
    const values = object[name];
    if (typeof values !== 'object' || values === null) return [];
    return [
      [name, Object.fromEntries(Object.entries(values).map(([key, value]) => [key, mark(String(value))]))],
    ];
  });
  return { ...object, ...Object.fromEntries(hidden) };
}

/** Says whether two values differ, and not what they are. */
function mark(value: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < value.length; index++)
    hash = Math.imul(hash ^ value.charCodeAt(index), 0x01000193);
  return `••• ${(hash >>> 0).toString(16).slice(0, 4)}`;
}
