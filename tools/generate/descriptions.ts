/**
 * Reads the words that `kubectl explain` shows about types and fields out of the installed `@kubernetes/client-node`, and
 * keeps them in `.cache/openapi-descriptions.json`, which is not part of the repository: they are Kubernetes' prose.
 *
 *   node tools/generate/descriptions.ts
 *
 * The file: full type name → field name (`''` for the type itself) → words. Only types that `@skerry/api` knows.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { modelNames, modelsFolder } from './client-models.ts';
import { readTypeFacts } from './facts.ts';
import { pairNames } from './model-types.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const schemasFile = path.join(root, 'packages/api/src/schemas.generated.json');
const target = path.join(root, '.cache/openapi-descriptions.json');

/** A declaration line with the comment right above it, if there is one. */
const commented =
  /(?:\/\*\*\n((?: *\*(?!\/).*\n)*) *\*\/\n)? *(?:export declare class (\w+)|'([^']+)'\??: ([^;\n]+);)/g;

function wordsOf(comment: string): string {
  return comment
    .split('\n')
    .map((line) => line.replace(/^ *\* ?/, '').trim())
    .filter((line) => line !== '')
    .join(' ')
    .replaceAll(/\\(['"`])/g, '$1');
}

/** Words of one model: of the class under `''`, and of its fields. */
function readWords(declaration: string): { words: Record<string, string>; references: Map<string, string> } {
  const words: Record<string, string> = {};
  const references = new Map<string, string>();
  for (const [, comment, className, field, type = ''] of declaration.matchAll(commented)) {
    const key = className === undefined ? (field ?? '') : '';
    if (comment) words[key] = wordsOf(comment);
    else if (field !== undefined) references.set(field, type.replace(/^Array<(.*)>$/, '$1'));
  }
  return { words, references };
}

const folder = modelsFolder();
const known = JSON.parse(readFileSync(schemasFile, 'utf8')) as Record<string, unknown>;
const paired = pairNames(modelNames(folder), readTypeFacts().types.keys());
const models = new Map(
  [...paired]
    .filter(([, fullName]) => Object.hasOwn(known, fullName))
    .map(([model]) => [model, readWords(readFileSync(path.join(folder, `${model}.d.ts`), 'utf8'))]),
);
const descriptions: Record<string, Record<string, string>> = {};
for (const [model, { words, references }] of models) {
  // A field that only refers to a type has no words of its own here; the type's serve.
  for (const [field, type] of references) words[field] ??= models.get(type)?.words[''] ?? '';
  descriptions[paired.get(model) ?? model] = words;
}
mkdirSync(path.dirname(target), { recursive: true });
writeFileSync(target, JSON.stringify(descriptions));
console.log(`${models.size} types described in ${target}`);
