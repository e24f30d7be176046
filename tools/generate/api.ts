/**
 * Writes the generated part of `@skerry/api`: TypeScript types, schemas and kind facts of the built-in kinds.
 *
 *   node tools/generate/api.ts
 *
 * Sources are the models of the installed `@kubernetes/client-node` (properties, types, what is required) and the tables
 * in `data/` (what the models lack). Descriptions are left out; `descriptions.ts` reads them where they are wanted.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { generateApi } from './generate.ts';

for (const [file, text] of Object.entries(await generateApi())) {
  const target = fileURLToPath(new URL(`../../packages/api/src/${file}`, import.meta.url));
  writeFileSync(target, text);
  console.log(`${target}: ${text.length} characters`);
}
