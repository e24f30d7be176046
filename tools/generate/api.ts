/**
 * Writes the generated part of `@skerry/api`: TypeScript types, schemas and kind facts of the built-in kinds.
 *
 *   node tools/generate/api.ts
 *
 * Sources are the models of the installed `@kubernetes/client-node` (properties, types, what is required) and the tables
 * in `data/` (what the models lack). Descriptions are left out; `descriptions.ts` reads them where they are wanted.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { modelNames, modelsFolder, readModel } from './client-models.ts';
import { emitKinds, isServed, kindFacts } from './emit-kinds.ts';
import { emitSchemas } from './emit-schemas.ts';
import { emitTypes } from './emit-types.ts';
import { readKindNameFacts, readResourceFacts, readTypeFacts } from './facts.ts';
import { modelOf, type NamedModel, pairNames, parseType } from './model-types.ts';
import { typeNames } from './type-names.ts';

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1.';
/** Types that no served kind leads to and that requests or answers carry. */
const extraRoots = ['DeleteOptions', 'Status', 'ListMeta', 'LabelSelector', 'Condition'].map(
  (name) => meta + name,
);

const root = fileURLToPath(new URL('../../', import.meta.url));
const facts = readTypeFacts();
const resources = readResourceFacts();
const folder = modelsFolder();
const fullNameOf = pairNames(modelNames(folder), facts.types.keys());
const modelByFullName = new Map([...fullNameOf].map(([model, fullName]) => [fullName, model]));

/** `rbac.authorization.k8s.io`, `v1`, `Role` → `io.k8s.api.rbac.v1.Role`. */
function schemaName(group: string, version: string, kind: string): string {
  const word = group === '' ? 'core' : (group.split('.')[0] ?? '');
  const candidates = [
    `io.k8s.api.${word}.${version}.${kind}`,
    `io.k8s.apiextensions-apiserver.pkg.apis.${word}.${version}.${kind}`,
    `io.k8s.kube-aggregator.pkg.apis.${word}.${version}.${kind}`,
  ];
  const found = candidates.find((name) => facts.types.has(name));
  if (!found) throw new Error(`no type is known for ${group}/${version} ${kind}`);
  return found;
}

const served = resources.filter(isServed);
const persisted = new Set(
  served
    .filter((fact) => fact.actions.some(({ action }) => action === 'get'))
    .map(({ body }) => schemaName(body.group, body.version, body.kind)),
);
/** Options of connect requests travel in the query, and have no model. */
const bodies = served.filter(({ actions }) => actions.every(({ action }) => action !== 'connect'));
const roots = new Set([
  ...bodies.map(({ body }) => schemaName(body.group, body.version, body.kind)),
  ...extraRoots,
]);

const models = new Map<string, NamedModel>();
const pending = [...roots];
for (let fullName = pending.pop(); fullName !== undefined; fullName = pending.pop()) {
  if (models.has(fullName)) continue;
  const model = modelByFullName.get(fullName);
  if (!model) throw new Error(`the client has no model for ${fullName}`);
  const properties = await readModel(folder, model);
  models.set(fullName, { fullName, properties });
  for (const property of properties) {
    const next = modelOf(parseType(property.type));
    if (next === undefined) continue;
    const nextName = fullNameOf.get(next);
    if (!nextName) throw new Error(`${fullName}.${property.name} is a ${next}, which has no full name`);
    pending.push(nextName);
  }
}

const sorted = [...models.values()].sort((a, b) => (a.fullName < b.fullName ? -1 : 1));
const names = typeNames(
  sorted.map((model) => model.fullName),
  roots,
);
const outputs: Record<string, string> = {
  'types.generated.ts': emitTypes(sorted, { typeName: names, fullName: fullNameOf }, persisted),
  'schemas.generated.json': emitSchemas(sorted, fullNameOf, facts),
  'kinds.generated.ts': emitKinds(kindFacts(resources, readKindNameFacts(), schemaName)),
};
const target = path.join(root, 'packages/api/src');
for (const [file, text] of Object.entries(outputs)) writeFileSync(path.join(target, file), text);
console.log(
  `${models.size} types, ${Object.values(outputs)
    .map((text) => text.length)
    .join(' + ')} characters`,
);
