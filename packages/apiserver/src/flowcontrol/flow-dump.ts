import type { FlowControl } from '#flowcontrol/flow-control.ts';
import type { AskedFlow } from '#flowcontrol/flow-control.ts';
import type { PriorityLevel } from '#flowcontrol/priority-level.ts';
import type { Ticket } from '#flowcontrol/queue-set.ts';

/** Requests that a dump shows at most. */
const rowsMax = 10_000;
const prefix = '/debug/api_priority_and_fairness/';

/**
 * What flow control holds right now, as text in columns. Undefined for a path that is no dump.
 * https://kubernetes.io/docs/reference/debug-cluster/flow-control/
 */
export function dumpFlows(control: FlowControl, path: string, query: URLSearchParams): string | undefined {
  if (!path.startsWith(prefix)) return undefined;
  switch (path.slice(prefix.length)) {
    case 'dump_priority_levels':
      return table([levelHeads, ...control.levels.map(levelRow)]);
    case 'dump_queues':
      return table([queueHeads, ...control.levels.flatMap(queueRows)]);
    case 'dump_requests': {
      const details = Boolean(query.get('includeRequestDetails'));
      const rows = control.levels.flatMap((level) => requestRows(level, details)).slice(0, rowsMax);
      return table([details ? [...requestHeads, ...detailHeads] : requestHeads, ...rows]);
    }
    default:
      return undefined;
  }
}

const levelHeads = [
  'PriorityLevelName',
  'ActiveQueues',
  'IsIdle',
  'IsQuiescing',
  'WaitingRequests',
  'ExecutingRequests',
  'DispatchedRequests',
  'RejectedRequests',
  'TimedoutRequests',
  'CancelledRequests',
];

const queueHeads = [
  'PriorityLevelName',
  'Index',
  'PendingRequests',
  'ExecutingRequests',
  'SeatsInUse',
  'NextDispatchR',
  'InitialSeatsSum',
  'MaxSeatsSum',
  'TotalWorkSum',
];

const requestHeads = [
  'PriorityLevelName',
  'FlowSchemaName',
  'QueueIndex',
  'RequestIndexInQueue',
  'FlowDistingsher',
  'ArriveTime',
  'InitialSeats',
  'FinalSeats',
  'AdditionalLatency',
  'StartTime',
];

const detailHeads = [
  'UserName',
  'Verb',
  'APIPath',
  'Namespace',
  'Name',
  'APIVersion',
  'Resource',
  'SubResource',
];

function levelRow({ name, leaving, requests }: PriorityLevel<AskedFlow>): string[] {
  const active = [...requests.queues].filter(({ waiting }) => waiting.size > 0).length;
  const { totals } = requests;
  return [
    name,
    active,
    requests.idle,
    leaving,
    requests.waiting,
    requests.executing,
    totals.dispatched,
    totals.rejected,
    totals.timedOut,
    totals.cancelled,
  ].map(String);
}

function queueRows({ name, requests }: PriorityLevel<AskedFlow>): string[][] {
  const { queuing } = requests;
  if (queuing.type !== 'queue') return [];
  const busy = new Map([...requests.queues].map((queue) => [queue.index, queue]));
  const count = Math.min(queuing.queues, rowsMax);
  return Array.from({ length: count }, (_, index) => {
    const queue = busy.get(index);
    const waiting = [...(queue?.waiting ?? [])];
    return [
      name,
      String(index),
      String(waiting.length),
      String(queue?.executing.size ?? 0),
      String(queue?.seatsInUse ?? 0),
      seatSeconds(queue?.nextR ?? 0),
      String(waiting.reduce((sum, { work }) => sum + work.initialSeats, 0)),
      String(waiting.reduce((sum, { seats }) => sum + seats, 0)),
      seatSeconds(queue?.waitingWork ?? 0),
    ];
  });
}

function requestRows({ name, requests }: PriorityLevel<AskedFlow>, details: boolean): string[][] {
  const rows: string[][] = [];
  const add = (ticket: Ticket<AskedFlow>, queue: number, place: number) => {
    rows.push([...requestRow(name, ticket, queue, place), ...(details ? detailsOf(ticket.about) : [])]);
  };
  for (const queue of requests.queues) {
    for (const [place, ticket] of [...queue.waiting].entries()) add(ticket, queue.index, place);
    for (const ticket of queue.executing) add(ticket, queue.index, -1);
  }
  for (const ticket of requests.queueless) add(ticket, -1, -1);
  return rows;
}

function requestRow(level: string, ticket: Ticket<AskedFlow>, queue: number, place: number): string[] {
  return [
    level,
    ticket.about.flow.name,
    String(queue),
    String(place),
    ticket.about.distinguisher,
    new Date(ticket.arrivedMs).toISOString(),
    String(ticket.work.initialSeats),
    String(ticket.finalSeats),
    `${ticket.lingerMs}ms`,
    ticket.startedMs === undefined ? '0001-01-01T00:00:00Z' : new Date(ticket.startedMs).toISOString(),
  ];
}

function detailsOf({ user, info }: AskedFlow): string[] {
  if (info.type === 'path') return [user.name, info.verb, info.path, '', '', '', '', ''];
  const { verb, path, namespace, name, group, version, resource, subresource } = info;
  const groupVersion = group ? `${group}/${version}` : version;
  return [user.name, verb, path, namespace, name, groupVersion, resource, subresource];
}

function seatSeconds(value: number): string {
  return `${value.toFixed(8)}ss`;
}

/** Columns as wide as their widest cell, each followed by a comma. A line break in a name must not look like a row. */
function table(rows: readonly (readonly string[])[]): string {
  const clean = rows.map((row) => row.map((cell) => cell.replace(/\p{Cc}/gu, '?')));
  const widths = (clean[0] ?? []).map((_, column) =>
    clean.reduce((width, row) => Math.max(width, (row[column] ?? '').length), 0),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : `${cell},`.padEnd(widths[column]! + 2)))
      .join('');
  return `${clean.map(line).join('\n')}\n`;
}
