/**
 * A resource as its API server would print it: each object is its metadata and the cells of its row. For custom resources,
 * whose columns only their definition knows, and for Secrets, whose values then never leave the API server.
 *
 * It lists and watches as a `ResourceClient` does, so an informer can run on it. Column definitions come with the first
 * answer; a definition that changes shows when the watch begins anew.
 */
import {
  ApiError,
  type KubeList,
  type KubeObject,
  type Status,
  type WatchEvent,
  timeText,
} from '@skerry/api';
import type { Clock } from '@skerry/base';
import {
  resourcePath,
  type ListOptions,
  type ResourceRef,
  type Transport,
  type WatchRequest,
} from '@skerry/client';
import { openStream, readAll } from '#cache/api-stream.ts';
import { jsonLines } from '#cache/json-lines.ts';

export interface TableColumn {
  readonly name: string;
  readonly type: string;
  readonly format?: string;
  readonly description?: string;
  readonly priority: number;
}

export interface TableRow extends KubeObject {
  readonly metadata: NonNullable<KubeObject['metadata']>;
  readonly tableCells: readonly unknown[];
}

interface Table {
  readonly kind?: string;
  readonly metadata?: NonNullable<KubeObject['metadata']> & { readonly continue?: string };
  readonly columnDefinitions?: readonly TableColumn[] | null;
  readonly rows?: readonly { readonly cells?: readonly unknown[]; readonly object?: KubeObject }[];
}

const accept = 'application/json;as=Table;g=meta.k8s.io;v=v1';

export class TableSource {
  readonly #transport: Transport;
  readonly #ref: ResourceRef;
  readonly #clock: Clock;
  #columns: readonly TableColumn[] = [];

  constructor(transport: Transport, { ref, clock }: { ref: ResourceRef; clock: Clock }) {
    this.#transport = transport;
    this.#ref = ref;
    this.#clock = clock;
  }

  /** As the last answer told them. */
  get columns(): readonly TableColumn[] {
    return this.#columns;
  }

  async list(options: ListOptions = {}): Promise<KubeList<TableRow>> {
    const response = await openStream(this.#transport, {
      path: this.#path(options.namespace, { ...options, limit: String(options.limit ?? '') }),
      headers: { accept },
    });
    const table = JSON.parse(await readAll(response)) as Table;
    return {
      metadata: { ...table.metadata },
      items: this.#rows(table),
    };
  }

  async *watch(options: WatchRequest): AsyncGenerator<WatchEvent<TableRow>> {
    const response = await openStream(this.#transport, {
      path: this.#path(options.namespace, {
        watch: 'true',
        allowWatchBookmarks: options.allowBookmarks ? 'true' : '',
        resourceVersion: options.resourceVersion,
        resourceVersionMatch: options.resourceVersionMatch,
        sendInitialEvents: options.sendInitialEvents ? 'true' : '',
        timeoutSeconds: options.timeoutSeconds ? String(options.timeoutSeconds) : '',
      }),
      headers: { accept },
      signal: options.signal,
    });
    for await (const value of jsonLines(response.body)) {
      const event = value as { type: WatchEvent['type']; object: Table & Status };
      if (event.type === 'ERROR') throw ApiError.fromStatus(event.object);
      if (event.type === 'BOOKMARK') {
        // It tells a revision and has no row.
        yield { type: 'BOOKMARK', object: { metadata: event.object.metadata ?? {}, tableCells: [] } };
        continue;
      }
      for (const object of this.#rows(event.object)) yield { type: event.type, object };
    }
  }

  #rows(table: Table): TableRow[] {
    if (table.kind !== 'Table') throw new ApiError('NotAcceptable', 'the API server does not print tables');
    if (table.columnDefinitions?.length) this.#columns = table.columnDefinitions;
    return (table.rows ?? []).flatMap(({ cells = [], object }) =>
      object?.metadata ? [{ metadata: object.metadata, tableCells: this.#dated(cells) }] : [],
    );
  }

  /** Dates are printed as ages, which are only true for a moment: they become instants again, as exact as they were told. */
  #dated(cells: readonly unknown[]): readonly unknown[] {
    if (!this.#columns.some(({ type }) => type === 'date')) return cells;
    const nowMs = this.#clock.now();
    return cells.map((cell, index) =>
      this.#columns[index]?.type === 'date' ? instantOf(cell, nowMs) : cell,
    );
  }

  #path(namespace: string | undefined, query: Readonly<Record<string, unknown>>): string {
    const parameters = new URLSearchParams({ includeObject: 'Metadata' });
    for (const [name, value] of Object.entries(query))
      if (name !== 'namespace' && typeof value === 'string' && value !== '') parameters.set(name, value);
    return `${resourcePath(this.#ref, namespace === undefined ? {} : { namespace })}?${parameters.toString()}`;
  }
}

const unitMs: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  y: 365 * 86_400_000,
};

/** `3d5h` before now, as RFC 3339; null for anything else. */
function instantOf(age: unknown, nowMs: number): string | null {
  if (typeof age !== 'string' || !/^(?:\d+[smhdy])+$/.test(age)) return null;
  let ms = 0;
  for (const [, amount, unit] of age.matchAll(/(\d+)([smhdy])/g))
    ms += Number(amount) * (unitMs[unit ?? ''] ?? 0);
  return timeText(nowMs - ms);
}
