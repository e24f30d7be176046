/** Lists and maps that are emptied, in each way that there is to do so: what is left of them. */
import type { Case, Step } from '../case.ts';
import type { Example } from '../examples/example.ts';
import { collectionOf, createStep, forEveryKind, objectOf, pathOf } from './kind-cases.ts';

const asked = new Set(['deployments', 'services', 'configmaps', 'networkpolicies', 'statefulsets']);

type Path = readonly string[];

/** Of all lists and maps in the full example; a refusal of theirs would say nothing new. */
function emptiable({ full, resource }: Example): Path[] {
  const skipped =
    resource === 'services'
      ? /clusterIPs|^spec,ports$/
      : /template$|containers$|template,spec$|metadata|elector/;
  return placesIn(full, []).filter((path) => path.length > 1 && !skipped.test(path.join(',')));
}

function placesIn(value: unknown, path: Path): Path[] {
  if (Array.isArray(value)) return [path];
  if (typeof value !== 'object' || value === null) return [];
  return [path, ...Object.entries(value).flatMap(([key, held]) => placesIn(held, [...path, key]))];
}

function emptyAt(object: object, path: Path): unknown {
  const value = path.reduce<unknown>((held, key) => (held as Record<string, unknown>)[key], object);
  return Array.isArray(value) ? [] : {};
}

function withEmpty(object: object, path: Path): object {
  const copy = structuredClone(object);
  const holder = path
    .slice(0, -1)
    .reduce<unknown>((held, key) => (held as Record<string, unknown>)[key], copy);
  (holder as Record<string, unknown>)[path.at(-1)!] = emptyAt(object, path);
  return copy;
}

const apply = 'application/apply-patch+yaml';
const json = 'application/json-patch+json';

function emptied(kind: Example, how: (whole: object, path: Path) => readonly Step[]): Step[] {
  const whole = objectOf(kind, 'full');
  return emptiable(kind).flatMap((path) => [
    ...how(whole, path),
    { path: pathOf(kind, 'b'), accept: 'application/vnd.kubernetes.protobuf' },
    { method: 'DELETE', path: `${pathOf(kind, 'b')}?gracePeriodSeconds=0`, onlyCode: true },
  ]);
}

const forKinds = (name: string, how: (kind: Example) => (whole: object, path: Path) => readonly Step[]) =>
  forEveryKind('empties', name, (kind) => (asked.has(kind.resource) ? emptied(kind, how(kind)) : []));

export const emptyCases: readonly Case[] = [
  ...forKinds('made empty', (kind) => (whole, path) => [
    { method: 'POST', path: collectionOf(kind), body: withEmpty(whole, path) },
  ]),
  ...forKinds('replaced', (kind) => (whole, path) => [
    createStep(kind, 'full', { onlyCode: true }),
    {
      method: 'PATCH',
      path: pathOf(kind, 'b'),
      type: json,
      body: [{ op: 'replace', path: `/${path.join('/')}`, value: emptyAt(whole, path) }],
    },
  ]),
  ...forKinds('applied', (kind) => (whole, path) => [
    {
      method: 'PATCH',
      path: `${pathOf(kind, 'b')}?fieldManager=m`,
      type: apply,
      body: whole,
      onlyCode: true,
    },
    {
      method: 'PATCH',
      path: `${pathOf(kind, 'b')}?fieldManager=m`,
      type: apply,
      body: withEmpty(whole, path),
    },
  ]),
];
