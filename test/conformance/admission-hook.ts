/** The webhook that both servers call: what it answers is in the path. */
import type { AnyObject } from '@skerry/api';
import { type ExtensionServer, startExtensionServer } from '@skerry/apiserver/testing';

interface Request extends AnyObject {
  readonly uid: string;
  readonly name?: string;
  readonly object: AnyObject | null;
  readonly operation: string;
  readonly objects?: AnyObject[];
  readonly desiredAPIVersion?: string;
}

const patchOf = (...operations: object[]) => ({
  patchType: 'JSONPatch',
  patch: Buffer.from(JSON.stringify(operations)).toString('base64'),
});

const refuse = (status?: object) => ({ allowed: false, ...(status ? { status } : {}) });

/** Objects with their keys in order, since both servers have theirs. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => key !== 'time' && key !== 'uid');
  return Object.fromEntries(
    entries.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, sorted(item)]),
  );
}

const tell = (request: Request) => refuse({ message: JSON.stringify(sorted(request)) });

const answers: Readonly<Record<string, (request: Request) => object>> = {
  '/allow': () => ({}),
  '/tell': tell,
  '/no': () => refuse(),
  '/no-with-message': () => refuse({ message: 'never' }),
  '/no-with-status': () =>
    refuse({
      message: 'never',
      reason: 'Forbidden',
      code: 403,
      details: { name: 'd', causes: [{ message: 'c' }] },
    }),
  '/no-with-reason': () => refuse({ reason: 'Conflict', code: 200 }),
  '/wrong-uid': () => ({ uid: 'wrong' }),
  '/patches': () => patchOf({ op: 'add', path: '/data/x', value: 'y' }),
  '/patch': () =>
    patchOf(
      { op: 'add', path: '/data/b', value: '2' },
      { op: 'add', path: '/metadata/labels', value: { a: 'b' } },
    ),
  '/bad-patch': () => patchOf({ op: 'remove', path: '/data/none' }),
  '/deep-patch': () => patchOf({ op: 'add', path: '/a/b/c', value: 1 }),
  '/patch-without-type': () => ({ patch: patchOf().patch }),
  '/type-without-patch': () => ({ patchType: 'JSONPatch' }),
  '/unknown-fields': () => patchOf({ op: 'add', path: '/bogus', value: 1 }),
  '/warns': () => ({ warnings: ['mind the "gap"', 'and this'], auditAnnotations: { a: 'b' } }),
  '/a-count': ({ object }) => {
    const { n = '' } = (object?.['data'] ?? {}) as { n?: string };
    return patchOf({ op: 'add', path: '/data/n', value: `${n}x` });
  },
  '/b-add': () => patchOf({ op: 'add', path: '/data/b', value: '2' }),
};

const conversions: Readonly<Record<string, (object: AnyObject, apiVersion: string) => unknown>> = {
  '/convert': converted,
  '/convert-wrong-version': (object) => object,
  '/convert-renames': (object, apiVersion) => ({
    ...converted(object, apiVersion),
    metadata: { ...object.metadata, name: 'z' },
  }),
  '/convert-bad-labels': (object, apiVersion) => ({
    ...converted(object, apiVersion),
    metadata: { ...object.metadata, labels: { a: 1 } },
  }),
};

function converted({ old, new: newer, ...rest }: AnyObject, apiVersion: string): AnyObject {
  return apiVersion.endsWith('/v1')
    ? { ...rest, apiVersion, old: newer ?? '' }
    : { ...rest, apiVersion, new: old ?? '' };
}

export function startHook(): Promise<ExtensionServer> {
  return startExtensionServer({
    reply: ({ url, body }, response) => {
      const path = url.split('?')[0]!;
      const { apiVersion, kind, request } = body as { apiVersion: string; kind: string; request: Request };
      // The probe is for the gate alone.
      if (request.name === 'gate') {
        return { apiVersion, kind, response: { uid: request.uid, allowed: path !== '/gate' } };
      }
      if (path === '/slow') return new Promise((resolve) => void setTimeout(resolve, 3000));
      if (path === '/fails') return void response.writeHead(500).end('it broke');
      if (path === '/not-json') return void response.end('<html>');
      if (path === '/no-response') return { apiVersion, kind };
      const answer =
        kind === 'ConversionReview' ? conversionOf(path, request) : (answers[path]?.(request) ?? {});
      const allowed = kind === 'ConversionReview' ? {} : { allowed: true };
      return { apiVersion, kind, response: { uid: request.uid, ...allowed, ...answer } };
    },
  });
}

function conversionOf(path: string, { objects = [], desiredAPIVersion = '' }: Request): object {
  if (path === '/convert-fails') return { result: { status: 'Failure', message: 'it broke' } };
  if (path === '/convert-nothing') return { result: { status: 'Success' }, convertedObjects: [] };
  const convert = conversions[path] ?? converted;
  return {
    result: { status: 'Success' },
    convertedObjects: objects.map((object) => convert(object, desiredAPIVersion)),
  };
}
