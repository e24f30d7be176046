/**
 * What mutating policies make objects with: `Object{spec: Object.spec{replicas: 3}}` and `JSONPatch{op: 'add', …}`. Any field
 * may be named, so what an initializer is called must say where it stands; that is checked when there is one.
 */
import {
  dynType,
  type Environment,
  jsonPatchLibrary,
  kubernetesLibraries,
  List,
  listOf,
  Mapping,
  stringType,
  structType,
  type Type,
  type Value,
} from '@skerry/cel';

const root = 'Object';
export const objectType = structType(root, () => dynType);
const jsonPatchType = structType('JSONPatch', {
  op: stringType,
  path: stringType,
  from: stringType,
  value: dynType,
});
export const jsonPatchesType = listOf(jsonPatchType);

const made = new Map<string, Type>([
  [root, objectType],
  ['JSONPatch', jsonPatchType],
]);

function structNamed(name: string): Type | undefined {
  return made.get(name) ?? (name.startsWith(`${root}.`) ? structType(name, () => dynType) : undefined);
}

export function withInitializers(environment: Environment): Environment {
  return environment.extend({ structNamed, libraries: [...kubernetesLibraries, jsonPatchLibrary] });
}

/** Why an initializer is not where its name says; undefined when all are. */
export function misplacedInitializer(value: Value, path = root): string | undefined {
  if (value instanceof List) {
    for (let index = 0; index < value.length; index++) {
      const found = misplacedIn(value.at(index), path);
      if (found) return found;
    }
    return undefined;
  }
  if (!(value instanceof Mapping)) return undefined;
  const name = value.struct?.name;
  const isInitializer = name !== undefined && (name === root || name.startsWith(`${root}.`));
  if (isInitializer && name !== path) {
    return `unexpected type name ${JSON.stringify(name)}, expected ${JSON.stringify(path)}, which matches field name path from root Object type`;
  }
  for (const key of value.keys()) {
    const field = isInitializer && typeof key === 'string' ? `${path}.${key}` : path;
    const found = misplacedIn(value.get(key), field);
    if (found) return found;
  }
  return undefined;
}

function misplacedIn(value: ReturnType<Mapping['get']>, path: string): string | undefined {
  const isValue = value !== undefined && !(typeof value === 'object' && value !== null && 'final' in value);
  return isValue ? misplacedInitializer(value, path) : undefined;
}
