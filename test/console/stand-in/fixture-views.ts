/** Views of the fixture cluster, made of the API server's own tables: enough for screens to have something to show. */
import type {
  Cell,
  Column,
  Page,
  Row,
  Tone,
  ViewQuery,
} from '../../../packages/center/src/contract/index.ts';

interface Table {
  readonly columnDefinitions: readonly { name: string; type: string; format?: string; priority: number }[];
  readonly rows: readonly { cells: readonly (string | number | null)[]; object: { metadata: Metadata } }[];
}

interface Metadata {
  readonly uid: string;
  readonly name: string;
  readonly namespace?: string;
  readonly creationTimestamp: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Where a resource is found: `daemonsets.v1alpha1.apps.kruise.io`, `daemonsets.apps`, `pods`. */
export function collectionOf(resource: string): string {
  const [plural = '', ...rest] = resource.split('.');
  const version = /^v\d/.test(rest[0] ?? '') ? rest.shift() : undefined;
  const group = rest.join('.');
  const preferred: Record<string, string> = {
    '': 'v1',
    'apps.openyurt.io': 'v1beta2',
    'apps.kruise.io': 'v1alpha1',
    autoscaling: 'v2',
  };
  return group === ''
    ? `api/${version ?? 'v1'}/${plural}`
    : `apis/${group}/${version ?? preferred[group] ?? 'v1'}/${plural}`;
}

export async function pageOf(url: string, resource: string, query: ViewQuery): Promise<Page | Response> {
  const selector = /label:"([^"]+)"/.exec(query.q ?? '')?.[1] ?? /label:(\S+)/.exec(query.q ?? '')?.[1] ?? '';
  const response = await fetch(
    `${url}/${collectionOf(resource)}?labelSelector=${encodeURIComponent(selector)}`,
    {
      headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
    },
  );
  if (!response.ok) return response;
  const table = (await response.json()) as Table;
  const placeOfNode = await placesOfNodes(url);
  const isPod = resource === 'pods';
  const isPlaced = isPod || resource === 'nodes' || resource.startsWith('nodepools');
  const labels = (query.columns ?? []).flatMap((id) => /^label:(.+)$/.exec(id)?.[1] ?? []);
  const columns = [
    ...columnsOf(table),
    ...labels.map((label): Column => ({
      id: `label:${label}`,
      title: label,
      type: 'text',
      priority: 0,
      sortable: true,
    })),
  ];
  const rows = table.rows.map((row): Row => {
    const { metadata } = row.object;
    const node = row.cells[table.columnDefinitions.findIndex(({ name }) => name === 'Node')];
    const pool = isPod
      ? placeOfNode.get(String(node))
      : (metadata.labels?.['apps.openyurt.io/nodepool'] ??
        (resource.startsWith('nodepools') ? metadata.name : undefined));
    return {
      key: metadata.uid,
      name: metadata.name,
      ...(metadata.namespace ? { namespace: metadata.namespace } : {}),
      ...(isPlaced && pool ? { pool, region: pool } : {}),
      cells: [
        ...row.cells.map((cell, index) => cellOf(cell, table.columnDefinitions[index]?.name ?? '', metadata)),
        ...labels.map((label) => metadata.labels?.[label] ?? null),
      ],
      created: metadata.creationTimestamp,
      actions: [
        'edit',
        'delete',
        'scale',
        'restart',
        'rollback',
        'logs',
        'exec',
        'cordon',
        'drain',
        'suspend',
        'trigger',
        'reveal',
      ],
    };
  });
  const matching = rows.filter((row) => matches(row, columns, query));
  const sorted = sort(matching, columns, query);
  const offset = query.offset ?? 0;
  return {
    columns,
    rows: sorted.slice(offset, offset + (query.limit ?? 50)),
    total: matching.length,
    groups: isPlaced && query.group !== 'none' ? groupsOf(sorted) : [],
    facets: facetsOf(rows, columns),
    freshness: { state: 'live' },
  };
}

async function placesOfNodes(url: string): Promise<ReadonlyMap<string, string>> {
  const { items } = (await (await fetch(`${url}/api/v1/nodes`)).json()) as {
    items: { metadata: Metadata }[];
  };
  return new Map(
    items.map(({ metadata }) => [metadata.name, metadata.labels?.['apps.openyurt.io/nodepool'] ?? '']),
  );
}

function idOf(name: string): string {
  const id = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, ' ')
    .replace(/ s$/, 's')
    .trim()
    .replaceAll(' ', '-');
  return id === 'status' ? 'state' : id;
}

function columnsOf({ columnDefinitions }: Table): Column[] {
  return columnDefinitions.map(({ name, type, priority }) => ({
    id: idOf(name),
    title: name,
    type: name === 'Status' ? 'state' : name === 'Age' ? 'date' : type === 'integer' ? 'number' : 'text',
    priority: priority > 0 || ['Nominated Node', 'Readiness Gates'].includes(name) ? 1 : 0,
    sortable: true,
  }));
}

function cellOf(cell: string | number | null, column: string, metadata: Metadata): Cell {
  if (column === 'Age') return metadata.creationTimestamp;
  if (column === 'Status') return { state: String(cell), tone: toneOf(String(cell)) };
  return cell;
}

function toneOf(state: string): Tone {
  if (/^(Running|Ready|Active|Bound|Completed|Succeeded)$/.test(state)) return 'ok';
  if (/NotReady|Unknown/.test(state)) return 'disconnected';
  if (/BackOff|Error|Failed/.test(state)) return 'error';
  if (/SchedulingDisabled/.test(state)) return 'unknown';
  return 'progressing';
}

function text(cell: Cell | undefined): string {
  return cell !== null && typeof cell === 'object' ? cell.state : String(cell ?? '');
}

function matches(
  row: Row,
  columns: readonly Column[],
  { q = '', namespace = [], pool, region }: ViewQuery,
): boolean {
  if (namespace.length > 0 && row.namespace !== undefined && !namespace.includes(row.namespace)) return false;
  if ((pool && row.pool !== pool) || (region && row.region !== region)) return false;
  return q
    .replace(/label:("[^"]*"|\S+)/g, '')
    .split(/\s+/)
    .filter(Boolean)
    .every((word) => {
      const [, minus = '', key = '', value = ''] = /^(-?)([a-z-]+):(.+)$/i.exec(word) ?? [];
      const index = columns.findIndex(({ id }) => id === (key === 'status' ? 'state' : key));
      const found =
        key === 'name'
          ? value.split(',').includes(row.name)
          : index >= 0
            ? text(row.cells[index]).toLowerCase() === value.toLowerCase()
            : [row.name, row.namespace ?? '', ...row.cells.map(text)].some((one) => one.includes(word));
      return found !== (minus === '-');
    });
}

function sort(rows: readonly Row[], columns: readonly Column[], { sort: by = 'name' }: ViewQuery): Row[] {
  const id = by.replace(/^-/, '');
  const index = columns.findIndex((column) => column.id === id);
  const value = (row: Row): string =>
    id === 'name' ? row.name : id === 'namespace' ? (row.namespace ?? '') : text(row.cells[index]);
  const sign = by.startsWith('-') ? -1 : 1;
  return rows.toSorted(
    (one, other) =>
      (one.region ?? '~').localeCompare(other.region ?? '~') ||
      sign * value(one).localeCompare(value(other), 'en', { numeric: true }),
  );
}

function groupsOf(rows: readonly Row[]): Page['groups'] {
  const groups = new Map<
    string,
    { region?: string; pool?: string; total: number; tones: Partial<Record<Tone, number>> }
  >();
  for (const row of rows) {
    const key = row.pool ?? '';
    const group = groups.get(key) ?? {
      ...(row.pool ? { region: row.pool, pool: row.pool } : {}),
      total: 0,
      tones: {},
    };
    group.total++;
    const state = row.cells.find((cell) => cell !== null && typeof cell === 'object');
    if (state && typeof state === 'object') group.tones[state.tone] = (group.tones[state.tone] ?? 0) + 1;
    groups.set(key, group);
  }
  return [...groups.values()];
}

function facetsOf(rows: readonly Row[], columns: readonly Column[]): Page['facets'] {
  const index = columns.findIndex(({ id }) => id === 'state');
  if (index < 0) return {};
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(text(row.cells[index]), (counts.get(text(row.cells[index])) ?? 0) + 1);
  return { state: [...counts].map(([value, count]) => ({ value, count })) };
}
