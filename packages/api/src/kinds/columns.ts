import { ageText } from '#duration.ts';
import type { ColumnInfo } from '#kind.ts';
import type { KubeObject } from '#object.ts';
import type { LabelSelectorObject } from '#selector.ts';
import type { Container } from '#types.generated.ts';

export type Cell = string | number | boolean | null;

interface ColumnOptions {
  readonly type?: ColumnInfo['type'];
  readonly format?: string;
  /** Only with `-o wide`. */
  readonly wide?: boolean;
}

/** A column of one kind. `cell` sees the kind's own type. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- callers name the kind that `cell` is handed.
export function column<T extends KubeObject>(
  name: string,
  cell: (object: T, nowMs: number) => Cell | undefined,
  options: ColumnOptions = {},
): ColumnInfo {
  return {
    name,
    type: options.type ?? 'string',
    format: options.format,
    priority: options.wide ? 1 : 0,
    description: '',
    // A table is made of objects of the kind.
    cell: (object, nowMs) => cell(object as unknown as T, nowMs) ?? '',
  };
}

export const nameColumn: ColumnInfo = {
  name: 'Name',
  type: 'string',
  format: 'name',
  priority: 0,
  description: 'Name must be unique within a namespace.',
  cell: (object) => object.metadata?.name ?? '',
};

export const ageColumn: ColumnInfo = {
  name: 'Age',
  type: 'string',
  priority: 0,
  description: 'Time since the object was created.',
  cell: (object, nowMs) => ageText(object.metadata?.creationTimestamp, nowMs),
};

/** Kinds without columns of their own show the instant instead of the age. */
export const createdAtColumn: ColumnInfo = {
  name: 'Created At',
  type: 'date',
  priority: 0,
  description: 'Time at which the object was created.',
  cell: (object) => object.metadata?.creationTimestamp ?? '',
};

/** Name and Age. */
export const plainColumns: readonly ColumnInfo[] = [nameColumn, ageColumn];

/** Containers and Images of a pod template, shown with `-o wide`. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as for `column`.
export function containerColumns<T extends KubeObject>(
  containersOf: (object: T) => readonly Container[] | undefined,
): ColumnInfo[] {
  return [
    column<T>('Containers', (object) => names(containersOf(object)), { wide: true }),
    column<T>('Images', (object) => images(containersOf(object)), { wide: true }),
  ];
}

export function names(containers: readonly Container[] | undefined): string {
  return (containers ?? []).map((container) => container.name).join(',');
}

export function images(containers: readonly Container[] | undefined): string {
  return (containers ?? []).map((container) => container.image ?? '').join(',');
}

/** `a=1,b=2`, sorted, or `<none>`. */
export function labelsText(labels: Record<string, string> | undefined): string {
  const pairs = Object.entries(labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return pairs.length === 0 ? '<none>' : pairs.map(([key, value]) => `${key}=${value}`).join(',');
}

/** A label selector as text, without judging it; `whenEmpty` where it asks for nothing. */
export function selectorText(selector: LabelSelectorObject | undefined, whenEmpty = '<none>'): string {
  const parts = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => ({
    key,
    text: `${key}=${value}`,
  }));
  for (const { key, operator, values = [] } of selector?.matchExpressions ?? []) {
    const list = `(${[...values].sort().join(',')})`;
    const text =
      operator === 'In'
        ? `${key} in ${list}`
        : operator === 'NotIn'
          ? `${key} notin ${list}`
          : operator === 'Exists'
            ? key
            : operator === 'DoesNotExist'
              ? `!${key}`
              : '<error>';
    parts.push({ key, text });
  }
  parts.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return parts.length === 0 ? whenEmpty : parts.map(({ text }) => text).join(',');
}

/** The first three, and how many more. */
export function firstThree(items: readonly string[], whenEmpty: string): string {
  if (items.length === 0) return whenEmpty;
  const shown = items.slice(0, 3).join(',');
  return items.length > 3 ? `${shown} + ${items.length - 3} more...` : shown;
}

const accessModeNames: Record<string, string> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};

/** `RWO,ROX`, in the order that kubectl shows. */
export function accessModesText(modes: readonly string[] | undefined): string {
  return Object.entries(accessModeNames)
    .filter(([mode]) => modes?.includes(mode))
    .map(([, short]) => short)
    .join(',');
}
