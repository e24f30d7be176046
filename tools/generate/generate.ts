import { modelNames, modelsFolder, readModel } from './client-models.ts';
import { emitKinds, isServed, kindFacts } from './emit-kinds.ts';
import { emitSchemas } from './emit-schemas.ts';
import { emitTypes } from './emit-types.ts';
import { readKindNameFacts, readResourceFacts, readTypeFacts, type TypeFacts } from './facts.ts';
import { modelOf, type NamedModel, pairNames, parseType } from './model-types.ts';
import { typeNames } from './type-names.ts';

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1.';
/** Types that no served kind leads to and that requests or answers carry. */
const extraRoots = ['DeleteOptions', 'Status', 'ListMeta', 'LabelSelector', 'Condition'].map(
  (name) => meta + name,
);

/** Texts of the generated files of `packages/api/src`, by file name. Reads the installed client and `data/`. */
export async function generateApi(): Promise<Record<string, string>> {
  const facts = readTypeFacts();
  const resources = readResourceFacts();
  const folder = modelsFolder();
  const fullNameOf = pairNames(modelNames(folder), facts.types.keys());
  const nameOf = (group: string, version: string, kind: string): string =>
    schemaName(facts, { group, version, kind });

  const served = resources.filter(isServed);
  const persisted = new Set(
    served
      .filter((fact) => fact.actions.some(({ action }) => action === 'get'))
      .map(({ body }) => schemaName(facts, body)),
  );
  // Options of connect requests travel in the query, and have no model.
  const bodies = served.filter(({ actions }) => actions.every(({ action }) => action !== 'connect'));
  const roots = new Set([...bodies.map(({ body }) => schemaName(facts, body)), ...extraRoots]);
  const models = await reachableModels(folder, fullNameOf, roots);
  const names = typeNames(
    models.map((model) => model.fullName),
    roots,
  );
  return {
    'types.generated.ts': emitTypes(models, { typeName: names, fullName: fullNameOf }, persisted),
    'schemas.generated.json': emitSchemas(models, fullNameOf, facts),
    'kinds.generated.ts': emitKinds(kindFacts(resources, readKindNameFacts(), nameOf)),
  };
}

/** `rbac.authorization.k8s.io`, `v1`, `Role` → `io.k8s.api.rbac.v1.Role`. */
function schemaName(
  facts: TypeFacts,
  { group, version, kind }: { group: string; version: string; kind: string },
): string {
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

/** The roots' models and all that their fields lead to, sorted by full name. */
async function reachableModels(
  folder: string,
  fullNameOf: ReadonlyMap<string, string>,
  roots: ReadonlySet<string>,
): Promise<NamedModel[]> {
  const modelByFullName = new Map([...fullNameOf].map(([model, fullName]) => [fullName, model]));
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
  return [...models.values()].sort((a, b) => (a.fullName < b.fullName ? -1 : 1));
}
