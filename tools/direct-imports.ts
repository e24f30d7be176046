/**
 * For the bundle: an import through an index (`@skerry/api`, `#patch/index.ts`) is one from the file that defines the name.
 * The bundler cuts its pieces along files, so through the index each process would load whatever any other process needs of a
 * package: the API server the agent's runtime, the supervisor every schema. Holds for packages whose files do nothing but
 * define (`"sideEffects": false`), as all of ours are; an import of everything (`import * as`, `import()`) stays as it is.
 */
import { readFile } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { type Plugin, transform } from 'esbuild';

interface Definition {
  readonly file: string;
  readonly name: string;
}

const scope = '@skerry/';
const namedImport = /^import \{([^}]*)\} from "([^"]+)";$/gm;

/** `packages` is the folder of the packages, absolute. */
export function directImports(packages: string): Plugin {
  const sources = new Map<string, Promise<string>>();
  const definitions = new Map<string, Promise<ReadonlyMap<string, Definition>>>();

  /** Without types, and in the one layout that the expressions below read. */
  function sourceOf(file: string): Promise<string> {
    return cached(sources, file, async () => {
      const { code } = await transform(await readFile(file, 'utf8'), {
        loader: 'ts',
        format: 'esm',
        target: 'node24',
        sourcefile: file,
      });
      return asciiOf(code);
    });
  }

  /** Where the names that a file exports are defined. */
  function definitionsOf(file: string): Promise<ReadonlyMap<string, Definition>> {
    return cached(definitions, file, async () => {
      const found = new Map<string, Definition>();
      const source = await sourceOf(file);
      for (const [, from] of source.matchAll(/^export \* from "([^"]+)";$/gm)) {
        const target = await resolve(from ?? '', file);
        for (const [name, definition] of target ? await definitionsOf(target) : [])
          found.set(name, definition);
      }
      const imported = new Map<string, { name: string; from: string }>();
      for (const [, names = '', from = ''] of source.matchAll(namedImport))
        for (const { name, as } of namesOf(names)) imported.set(as, { name, from });
      for (const [, names = ''] of source.matchAll(/^export \{([^}]*)\};$/gm)) {
        for (const { name, as } of namesOf(names)) {
          const through = imported.get(name);
          const target = through === undefined ? undefined : await resolve(through.from, file);
          const theirs = target === undefined ? undefined : await definitionsOf(target);
          found.set(as, theirs?.get(through?.name ?? '') ?? { file, name: as });
        }
      }
      return found;
    });
  }

  async function resolve(specifier: string, importer: string): Promise<string | undefined> {
    if (!specifier.endsWith('.ts') && !specifier.startsWith(scope)) return undefined;
    if (specifier.startsWith('.')) return join(dirname(importer), specifier);
    const [, own] = importer.slice(packages.length).split(sep);
    if (specifier.startsWith('#')) return join(packages, own ?? '', 'src', specifier.slice(1));
    const [name = '', ...rest] = specifier.slice(scope.length).split('/');
    const manifest = JSON.parse(await readFile(join(packages, name, 'package.json'), 'utf8')) as {
      sideEffects?: boolean;
      exports: Record<string, string>;
    };
    const path = manifest.exports[['.', ...rest].join('/')];
    return manifest.sideEffects === false && path !== undefined ? join(packages, name, path) : undefined;
  }

  async function withDirectImports(file: string): Promise<string> {
    const source = await sourceOf(file);
    let written = '';
    let end = 0;
    for (const match of source.matchAll(namedImport)) {
      const [whole, names = '', from = ''] = match;
      const index = await resolve(from, file);
      if (!index?.endsWith(`${sep}index.ts`)) continue;
      const theirs = await definitionsOf(index);
      const direct = namesOf(names).map(({ name, as }) => {
        const definition = theirs.get(name) ?? { file: index, name };
        return `import { ${definition.name} as ${as} } from ${JSON.stringify(definition.file)};`;
      });
      written += source.slice(end, match.index) + direct.join('\n');
      end = match.index + whole.length;
    }
    return written + source.slice(end);
  }

  return {
    name: 'direct-imports',
    setup(build) {
      build.onLoad({ filter: /\/packages\/[^/]+\/src\/.*\.ts$/ }, async ({ path }) => ({
        contents: await withDirectImports(path),
        loader: 'js',
        resolveDir: dirname(path),
      }));
    },
  };
}

/** One letter beyond Latin in an expression would make V8 keep the whole piece of the bundle in two bytes a letter. */
function asciiOf(code: string): string {
  return code.replaceAll(/[\u0080-\uffff]/g, (letter) => {
    const digits = letter.charCodeAt(0).toString(16);
    return `\\u${digits.padStart(4, '0')}`;
  });
}

function namesOf(list: string): { name: string; as: string }[] {
  return list
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .map((text) => {
      const [name = '', as = name] = text.split(' as ');
      return { name, as };
    });
}

function cached<Value>(
  values: Map<string, Promise<Value>>,
  key: string,
  make: () => Promise<Value>,
): Promise<Value> {
  const known = values.get(key);
  if (known) return known;
  const made = make();
  values.set(key, made);
  return made;
}
