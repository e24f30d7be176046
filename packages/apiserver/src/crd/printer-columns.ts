/** The columns that a definition gives its kind in tables, as stock servers fill them. */
import { isRecord } from '@skerry/base';
import { ageText, type ColumnInfo } from '@skerry/api';
import type { DefinitionVersion } from '#crd/definition.ts';
import { findByPath } from '#crd/json-path-find.ts';
import { type JsonPath, parseJsonPath } from '#crd/json-path.ts';

type PrinterColumn = NonNullable<DefinitionVersion['additionalPrinterColumns']>[number];
type Cell = string | number | boolean | null;

/** After a column whose path can't be read none is shown. */
export function columnsOf(version: DefinitionVersion): ColumnInfo[] {
  const wanted = version.additionalPrinterColumns ?? [];
  if (wanted.length === 0) return [nameColumn, ageColumn];
  const columns = [nameColumn];
  for (const each of wanted) {
    const path = parseJsonPath(each.jsonPath);
    if (!path) break;
    columns.push(columnOf(each, path));
  }
  return columns;
}

function columnOf(
  { name, type, format, priority, description, jsonPath }: PrinterColumn,
  path: JsonPath,
): ColumnInfo {
  return {
    name,
    type: type as ColumnInfo['type'],
    format,
    priority: priority ?? 0,
    description: description || `Custom resource definition column (in JSONPath format): ${jsonPath}`,
    cell(object, nowMs) {
      const found = findByPath(object, path);
      // A path that finds much shows the first.
      return found && found.length > 0 ? cellOf(found[0], type, nowMs) : null;
    },
  };
}

function cellOf(value: unknown, type: string, nowMs: number): Cell {
  switch (type) {
    case 'string':
      return textOf(value);
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null;
    case 'number':
      return typeof value === 'number' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date':
      return typeof value === 'string' ? ageOf(value, nowMs) : null;
    default:
      return null;
  }
}

function textOf(value: unknown): string {
  if (value === null) return '<no value>';
  return typeof value === 'string' ? value : goJson(value);
}

function ageOf(timestamp: string, nowMs: number): string {
  return timestamp === '' || rfc3339.test(timestamp) ? ageText(timestamp, nowMs) : '<invalid>';
}

const rfc3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

/** With sorted keys, and fit for HTML. */
function goJson(value: unknown): string {
  const text = JSON.stringify(value, (_, part: unknown) =>
    isRecord(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
  );
  return text.replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

const nameColumn: ColumnInfo = {
  name: 'Name',
  type: 'string',
  format: 'name',
  priority: 0,
  description: 'Name must be unique within a namespace.',
  cell: (object) => object.metadata?.name ?? '',
};

const ageColumn: ColumnInfo = {
  name: 'Age',
  type: 'date',
  priority: 0,
  description: 'CreationTimestamp is a timestamp representing the server time when this object was created.',
  cell: (object, nowMs) => ageText(object.metadata?.creationTimestamp, nowMs),
};
