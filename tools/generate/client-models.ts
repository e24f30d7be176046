import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** A property of a model of the official JavaScript client. */
export interface ModelProperty {
  /** Name on the wire. */
  readonly name: string;
  /** The client's type expression: `Array<V1Container>`. */
  readonly type: string;
  readonly format: string;
  readonly required: boolean;
}

interface AttributeClass {
  readonly attributeTypeMap: readonly { name: string; baseName: string; type: string; format: string }[];
}

/** Folder of the generated models of the installed `@kubernetes/client-node`. */
export function modelsFolder(): string {
  const main = createRequire(import.meta.url).resolve('@kubernetes/client-node');
  return path.join(path.dirname(main), 'gen', 'models');
}

/** Names of all models: `V1Pod`, `CoreV1Event`. */
export function modelNames(folder: string): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.d.ts') && file !== 'ObjectSerializer.d.ts' && file !== 'all.d.ts')
    .map((file) => file.slice(0, -'.d.ts'.length));
}

/** The types come from the class's attribute map, what is required from the declaration beside it. */
export async function readModel(folder: string, name: string): Promise<ModelProperty[]> {
  const loaded = (await import(pathToFileURL(path.join(folder, `${name}.js`)).href)) as Record<
    string,
    AttributeClass
  >;
  const attributes = loaded[name]?.attributeTypeMap;
  if (!attributes) throw new Error(`model ${name} in ${folder} has no attributeTypeMap`);
  const declaration = readFileSync(path.join(folder, `${name}.d.ts`), 'utf8');
  const required = new Set([...declaration.matchAll(/^ {4}'([^']+)': /gm)].map((match) => match[1] ?? ''));
  return attributes.map((attribute) => ({
    name: attribute.baseName,
    type: attribute.type,
    format: attribute.format,
    required: required.has(attribute.name),
  }));
}
