/** Columns of a resource that its API server prints: those of the Table, and those that every view has. */
import type { TableColumn } from '#cache/table-source.ts';
import type { Item, StateCell } from '#cache/item.ts';
import { ageColumn, columnId, nameColumn, namespaceColumn } from '#views/columns.ts';
import { toneOfWord } from '#views/states/object-states.ts';
import type { ViewColumn, ViewKind } from '#views/view-kind.ts';

/** Told by columns that every view has. */
const told = new Set(['name', 'age', 'created-at', 'namespace']);
const types: Readonly<Record<string, ViewColumn['type']>> = {
  integer: 'number',
  number: 'number',
  date: 'date',
};
/** Names of columns that say how an object is, the most telling first. */
const stateNames = ['status', 'state', 'phase', 'ready', 'health', 'available', 'synced'];

export function tableColumns(view: ViewKind, definitions: readonly TableColumn[]): ViewColumn[] {
  const given = definitions.map((definition, index) => ({
    definition,
    index,
    id: columnId(definition.name),
  }));
  const states = stateNames
    .map((name) => given.find(({ id }) => id === name))
    .find((found) => found !== undefined);
  const own = given
    .filter(({ id, index }) => !told.has(id) && index !== states?.index)
    .map(({ definition, index, id }): ViewColumn => ({
      id,
      title: definition.name,
      type: types[definition.type] ?? 'text',
      priority: definition.priority > 0 ? 1 : 0,
      sortable: true,
      derive: (item) => item.cells[index] ?? null,
    }));
  const stateColumn: ViewColumn[] = states
    ? [
        {
          id: 'status',
          title: states.definition.name,
          type: 'state',
          priority: 0,
          sortable: true,
          facet: true,
          derive: (item) => printedState(item, states) ?? null,
        },
      ]
    : [];
  return [nameColumn, ...(view.ref.namespaced ? [namespaceColumn] : []), ...stateColumn, ...own, ageColumn];
}

/** `Ready: False` becomes `NotReady`; any other word stays as it is printed. */
function printedState(
  item: Item,
  { index, definition }: { index: number; definition: TableColumn },
): StateCell | undefined {
  const value = item.cells[index];
  if (value === null || value === undefined || typeof value === 'object') return undefined;
  const word = String(value);
  const tone = toneOfWord(word) ?? 'unknown';
  if (/^(true|false)$/i.test(word))
    return { state: /^true$/i.test(word) ? definition.name : `Not${definition.name}`, tone };
  return { state: word, tone };
}
