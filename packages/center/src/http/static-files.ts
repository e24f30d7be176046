/**
 * The console's files. The folder is read through once; only what was found then is ever served, by its exact path, so that
 * no path leads elsewhere. Files below `assets/` whose names carry a hash never change and are kept by browsers; everything
 * else is asked for again with its ETag. Addresses of pages (no such file, no extension) are answered with `index.html`, which
 * gets a new nonce each time: its scripts write styles under it.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { SkerryError } from '@skerry/base';
import { nonceMarker } from '#contract/page.ts';
import type { CenterResponse } from '#http/route.ts';
import { contentSecurityPolicyOf } from '#http/security-headers.ts';

const filesMax = 5000;
const bytesMax = 64 << 20;

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};

const encodings = [
  { name: 'br', extension: '.br' },
  { name: 'gzip', extension: '.gz' },
] as const;

interface StaticFile {
  readonly type: string;
  readonly etag: string;
  readonly immutable: boolean;
  /** By content coding; `identity` is the file itself. */
  readonly bytes: ReadonlyMap<string, Buffer>;
}

export class StaticFiles {
  readonly #files: ReadonlyMap<string, StaticFile>;

  private constructor(files: ReadonlyMap<string, StaticFile>) {
    this.#files = files;
  }

  /** Reads the folder into memory. Fails with `console-files-unreadable` when it is too large or can't be read. */
  static async load(folder: string): Promise<StaticFiles> {
    return new StaticFiles(await loadFiles(folder));
  }

  /** Undefined where there is no such file or page. `path` as it was sent. */
  answer(path: string, header: (name: string) => string | undefined): CenterResponse | undefined {
    const file = this.#files.get(path) ?? this.#page(path);
    if (!file) return undefined;
    const page = file.bytes.get('identity')?.toString() ?? '';
    if (file.type.startsWith('text/html') && page.includes(nonceMarker)) return pageWithNonce(page);
    const headers = {
      'cache-control': file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
      etag: file.etag,
      vary: 'accept-encoding',
    };
    if (
      header('if-none-match')
        ?.split(/\s*,\s*/)
        .includes(file.etag)
    )
      return { status: 304, headers };
    const encoding = encodings.find(
      ({ name }) => file.bytes.has(name) && accepts(header('accept-encoding') ?? '', name),
    );
    const body = file.bytes.get(encoding?.name ?? 'identity');
    return {
      status: 200,
      headers: {
        ...headers,
        'content-type': file.type,
        ...(encoding ? { 'content-encoding': encoding.name } : {}),
      },
      ...(body ? { body } : {}),
    };
  }

  #page(path: string): StaticFile | undefined {
    const last = path.slice(path.lastIndexOf('/') + 1);
    // Names of clusters and objects have dots; what ends like a file that pages load is none of them.
    return types[extname(last)] ? undefined : this.#files.get('/index.html');
  }
}

function pageWithNonce(page: string): CenterResponse {
  const nonce = randomBytes(18).toString('base64url');
  return {
    status: 200,
    headers: {
      'cache-control': 'no-store',
      'content-security-policy': contentSecurityPolicyOf(nonce),
      'content-type': 'text/html; charset=utf-8',
    },
    body: page.replaceAll(nonceMarker, nonce),
  };
}

async function loadFiles(folder: string): Promise<ReadonlyMap<string, StaticFile>> {
  const refuse = (why: string, cause?: unknown) =>
    new SkerryError('console-files-unreadable', `the console's files in ${folder} can't be served: ${why}`, {
      cause,
    });
  let entries;
  try {
    entries = await readdir(folder, { recursive: true, withFileTypes: true });
  } catch (cause) {
    throw refuse('the folder is not there', cause);
  }
  const contents = new Map<string, Buffer>();
  let total = 0;
  // Links are left out: they would lead out of the folder.
  for (const entry of entries.filter((each) => each.isFile())) {
    const file = join(entry.parentPath, entry.name);
    const bytes = await readFile(file);
    total += bytes.length;
    if (contents.size >= filesMax || total > bytesMax) throw refuse('they are too many or too large');
    contents.set(`/${relative(folder, file).split(sep).join('/')}`, bytes);
  }
  const files = new Map<string, StaticFile>();
  for (const [path, bytes] of contents) {
    const type = types[extname(path)];
    if (!type) continue;
    const forms = new Map([['identity', bytes]]);
    for (const { name, extension } of encodings) {
      const packed = contents.get(path + extension);
      if (packed) forms.set(name, packed);
    }
    files.set(path, {
      type,
      etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
      immutable: /^\/assets\/.*[-.][A-Za-z0-9_-]{8,}\.[a-z0-9]+$/.test(path),
      bytes: forms,
    });
  }
  return files;
}

function accepts(header: string, coding: string): boolean {
  return header.split(',').some((part) => {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
    return name === coding && !parameters.some((text) => /^q=0(\.0*)?$/.test(text));
  });
}
