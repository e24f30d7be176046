/** Just enough of the patch formats for the fake; the real ones live with the API server. */
import { badRequest } from '@skerry/api';

type Json = Record<string, unknown>;

/** RFC 7386, and with `listsByType` lists of conditions merged by their `type`, unless they say that they replace. */
export function mergePatch(
  target: unknown,
  patch: unknown,
  options: { readonly listsByType: boolean },
): unknown {
  if (options.listsByType && Array.isArray(patch) && patch.some(isReplacing))
    return structuredClone(patch.filter((item) => !isReplacing(item)));
  if (options.listsByType && isTyped(target) && isTyped(patch)) {
    const merged = new Map(target.map((item) => [item.type, item]));
    for (const item of patch) merged.set(item.type, { ...merged.get(item.type), ...item });
    return [...merged.values()];
  }
  if (!isObject(patch)) return structuredClone(patch);
  const result: Json = isObject(target) ? structuredClone(target) : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else if (!key.startsWith('$')) result[key] = mergePatch(result[key], value, options);
  }
  return result;
}

/** RFC 6902: add, remove, replace and test. */
export function applyJsonPatch(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw badRequest('a JSON patch is a list');
  const root = { value: structuredClone(target) };
  for (const step of patch as { op: string; path: string; value?: unknown }[]) {
    const parts = step.path.split('/').slice(1);
    const names = parts.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
    let parent: unknown = root;
    let last = 'value';
    for (const name of names) {
      parent = (parent as Json)[last];
      last = name;
    }
    if (typeof parent !== 'object' || parent === null) throw badRequest(`no such path: ${step.path}`);
    applyStep(parent as Json, last, step);
  }
  return root.value;
}

function applyStep(parent: Json, key: string, { op, value }: { op: string; value?: unknown }): void {
  if (op === 'test') {
    if (JSON.stringify(parent[key]) !== JSON.stringify(value)) throw badRequest(`test failed at ${key}`);
    return;
  }
  if (Array.isArray(parent)) {
    const index = key === '-' ? parent.length : Number(key);
    parent.splice(index, op === 'add' ? 0 : 1, ...(op === 'remove' ? [] : [structuredClone(value)]));
    return;
  }
  if (op === 'remove') delete parent[key];
  else parent[key] = structuredClone(value);
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isReplacing(value: unknown): boolean {
  return isObject(value) && value['$patch'] === 'replace';
}

function isTyped(value: unknown): value is { type: string }[] {
  return Array.isArray(value) && value.length > 0 && value.every((item) => isObject(item) && 'type' in item);
}
