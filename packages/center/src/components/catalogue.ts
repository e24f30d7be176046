/**
 * The catalogue: what components there are, as folders `<name>/<version>/` with a `component.yaml` and templates of manifests.
 * It is read anew whenever it is asked for: it is small, rarely asked, and a new version needs no restart.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type AnyObject, type JSONSchemaProps, type KubeObject } from '@skerry/api';
import { describeError, SkerryError } from '@skerry/base';
import { parse, parseAllDocuments } from 'yaml';
import { isProblem, type Package, parsePackage } from '#components/package.ts';
import { fillTemplate } from '#components/template.ts';
import { checkValues } from '#components/values.ts';

/** What a component that is part of Skerry itself brings: made, not filled. */
export interface BuiltInComponent {
  readonly version: string;
  readonly values: JSONSchemaProps;
  readonly manifests: (values: Readonly<Record<string, unknown>>) => readonly KubeObject[];
}

export interface CatalogueOptions {
  readonly folder: string;
  /** Loaded when they are asked for. */
  readonly builtIn: Readonly<Record<string, () => Promise<BuiltInComponent>>>;
  /** Where images are pulled from instead of where they come from: `registry.example.com/mirror`. */
  readonly registry?: string;
}

export interface Release {
  readonly name: string;
  readonly version: string;
  readonly package: Package;
  /** The values as they will be: defaults filled, checked. Fails with `component-values-invalid`. */
  valuesOf(given: Readonly<Record<string, unknown>>): Record<string, unknown>;
  /** All objects in the order of installation. Fails with `component-broken`. */
  manifests(values: Readonly<Record<string, unknown>>, cluster: string): Promise<AnyObject[]>;
}

const name = /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/;
const versionName = /^[0-9][\w.+-]{0,30}$/;

export class Catalogue {
  readonly #options: CatalogueOptions;

  constructor(options: CatalogueOptions) {
    this.#options = options;
  }

  /** Names in order, with their versions, newest first. */
  async list(): Promise<{ name: string; versions: string[] }[]> {
    const names = await foldersOf(this.#options.folder, name);
    const all = await Promise.all(
      names.map(async (component) => ({
        name: component,
        versions: (await foldersOf(join(this.#options.folder, component), versionName)).sort(newestFirst),
      })),
    );
    return all.filter(({ versions }) => versions.length > 0);
  }

  /** The newest version unless one is named. Fails with `component-unknown`. */
  async release(component: string, version?: string): Promise<Release> {
    const found = (await this.list()).find((entry) => entry.name === component);
    const chosen = version ?? found?.versions[0];
    if (!found || chosen === undefined || !found.versions.includes(chosen)) {
      const which = version === undefined ? component : `${component} ${version}`;
      const known = found ? `; there is ${found.versions.join(', ')}` : '';
      throw new SkerryError('component-unknown', `the catalogue has no ${which}${known}`);
    }
    return this.#read(component, chosen);
  }

  async #read(component: string, version: string): Promise<Release> {
    const folder = join(this.#options.folder, component, version);
    const built = Object.hasOwn(this.#options.builtIn, component)
      ? await this.#options.builtIn[component]?.()
      : undefined;
    const described = await this.#describe(folder, `${component} ${version}`);
    const own = built && built.version === version ? built : undefined;
    const facts = own ? { ...described, values: own.values } : described;
    return {
      name: component,
      version,
      package: facts,
      valuesOf: (given) => checkValues(facts.values, given, `${component} ${version}`),
      manifests: async (values, cluster) =>
        own
          ? own.manifests(values).map((object) => structuredClone(object) as AnyObject)
          : readManifests(folder, {
              values,
              cluster,
              version,
              images: imagesOf(facts, this.#options.registry),
            }),
    };
  }

  async #describe(folder: string, what: string): Promise<Package> {
    try {
      const described = parsePackage(parse(await readFile(join(folder, 'component.yaml'), 'utf8')));
      if (isProblem(described)) throw new Error(described.problem);
      return described;
    } catch (cause) {
      throw new SkerryError('component-broken', `${what}: component.yaml: ${describeError(cause)}`, {
        cause,
      });
    }
  }
}

async function readManifests(folder: string, scope: Readonly<Record<string, unknown>>): Promise<AnyObject[]> {
  const place = join(folder, 'manifests');
  const files = existsSync(place)
    ? (await readdir(place)).filter((file) => file.endsWith('.yaml')).sort()
    : [];
  const objects: AnyObject[] = [];
  for (const file of files) {
    for (const document of parseAllDocuments(await readFile(join(place, file), 'utf8'))) {
      const [error] = document.errors;
      if (error) throw new SkerryError('component-broken', `${file}: ${error.message}`);
      const template: unknown = document.toJS({ maxAliasCount: 0 });
      if (template === null) continue;
      for (const object of fillTemplate(template, scope)) {
        if (!isKubeObject(object))
          throw new SkerryError('component-broken', `${file}: a document is no object`);
        objects.push(object);
      }
    }
  }
  return objects;
}

function isKubeObject(value: unknown): value is AnyObject {
  const object = value as AnyObject | null;
  return (
    typeof object === 'object' &&
    typeof object?.apiVersion === 'string' &&
    typeof object.kind === 'string' &&
    typeof object.metadata?.name === 'string'
  );
}

/** Full references by name: registry, repository, tag, and the digest where one is pinned. */
export function imagesOf({ images }: Package, registry: string | undefined): Record<string, string> {
  return Object.fromEntries(
    images.map((image) => {
      const from = registry ?? image.registry;
      const digest = image.digest === undefined ? '' : `@${image.digest}`;
      return [image.name, `${from.replace(/\/+$/, '')}/${image.repository}:${image.tag}${digest}`];
    }),
  );
}

async function foldersOf(folder: string, pattern: RegExp): Promise<string[]> {
  if (!existsSync(folder)) return [];
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() && pattern.test(entry.name))
    .map((entry) => entry.name)
    .sort();
}

/** By their numbers, part for part. */
export function newestFirst(a: string, b: string): number {
  const parts = (version: string) => version.split(/[.+-]/).map((part) => Number(part) || 0);
  const [left, right] = [parts(a), parts(b)];
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const difference = (right[at] ?? 0) - (left[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return a < b ? 1 : -1;
}
