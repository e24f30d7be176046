/**
 * Fields of which one of several has to be there: where a variable's value comes from, how a probe asks, what a volume is. What
 * is none of those that the form knows is "other": it is shown, and stays.
 */
import { getAt, setAt, textIn, type Path } from './object-path.ts';

export interface Choice {
  readonly id: string;
  /** The field that makes it this one. */
  readonly path: Path;
  /** What it begins with. */
  readonly initial: unknown;
}

export const volumeSources: readonly Choice[] = [
  { id: 'hostPath', path: ['hostPath'], initial: { path: '' } },
  { id: 'emptyDir', path: ['emptyDir'], initial: {} },
  { id: 'configMap', path: ['configMap'], initial: { name: '' } },
  { id: 'secret', path: ['secret'], initial: { secretName: '' } },
  { id: 'persistentVolumeClaim', path: ['persistentVolumeClaim'], initial: { claimName: '' } },
];

/** The one word that each source needs. */
export const volumeSourceField: Readonly<Record<string, Path>> = {
  hostPath: ['hostPath', 'path'],
  configMap: ['configMap', 'name'],
  secret: ['secret', 'secretName'],
  persistentVolumeClaim: ['persistentVolumeClaim', 'claimName'],
};

export const envSources: readonly Choice[] = [
  { id: 'value', path: ['value'], initial: '' },
  { id: 'configMap', path: ['valueFrom', 'configMapKeyRef'], initial: { name: '', key: '' } },
  { id: 'secret', path: ['valueFrom', 'secretKeyRef'], initial: { name: '', key: '' } },
  { id: 'field', path: ['valueFrom', 'fieldRef'], initial: { fieldPath: 'spec.nodeName' } },
  { id: 'resource', path: ['valueFrom', 'resourceFieldRef'], initial: { resource: 'limits.memory' } },
];

export const probeActions: readonly Choice[] = [
  { id: 'http', path: ['httpGet'], initial: { path: '/', port: 80 } },
  { id: 'tcp', path: ['tcpSocket'], initial: { port: 80 } },
  { id: 'exec', path: ['exec'], initial: { command: ['true'] } },
  { id: 'grpc', path: ['grpc'], initial: { port: 80 } },
];

export function readChoice(of: unknown, choices: readonly Choice[], known: readonly string[]): string {
  const found = choices.find(({ path }) => getAt(of, path) !== undefined);
  if (found) return found.id;
  const isOther =
    typeof of === 'object' && of !== null && Object.keys(of).some((name) => !known.includes(name));
  return isOther ? 'other' : (choices[0]?.id ?? '');
}

export function writeChoice<Of>(of: Of, choices: readonly Choice[], id: string): Of {
  const chosen = choices.find((one) => one.id === id);
  if (!chosen || getAt(of, chosen.path) !== undefined) return of;
  const cleared = choices.reduce((value, { path }) => setAt(value, path, undefined), of);
  return setAt(cleared, chosen.path, chosen.initial);
}

/** `port` of a probe or a service: a number, or the name of a port. */
export function portOf(text: string): string | number | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  return /^\d+$/.test(trimmed) ? Number(trimmed) : trimmed;
}

/** One word a line: a command or its arguments. */
export function linesOf(of: unknown, path: Path): string {
  const value = getAt(of, path);
  return Array.isArray(value) ? value.map(String).join('\n') : textIn(of, path);
}

export function fromLines(text: string): readonly string[] | undefined {
  return text === '' ? undefined : text.split('\n');
}

/** A resource list's GPU, whoever made it: its name ends in `/gpu`, as `nvidia.com/gpu` does. */
export function gpuNameOf(limits: Readonly<Record<string, unknown>>): string {
  return (
    Object.keys(limits).find((name) => /\/gpu$|\/gpu-|^nvidia\.com\/mig-/.test(name)) ?? 'nvidia.com/gpu'
  );
}
