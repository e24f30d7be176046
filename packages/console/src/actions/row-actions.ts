/** What the console offers for an object of a kind: as far as it makes sense in its state, and as the caller may. */
import { links, type Row } from '@skerry/center/contract';
import { openDockTab } from '#app/dock-state.ts';
import type { Translate } from '#i18n/index.ts';
import type { ActionId, KindEntry } from '#kinds/kind.ts';
import type { BulkAction, RowAction } from '#table/row-action.ts';
import { openActionDialog, type ActionDialog } from './dialog-state.ts';

/** The backend's word for the right that an action takes. */
const rights: Readonly<Partial<Record<ActionId, string>>> = {
  edit: 'edit',
  editYaml: 'edit',
  scale: 'scale',
  restart: 'restart',
  pause: 'edit',
  resume: 'edit',
  history: 'edit',
  logs: 'logs',
  terminal: 'exec',
  suspend: 'suspend',
  unsuspend: 'suspend',
  runNow: 'trigger',
  cordon: 'cordon',
  uncordon: 'cordon',
  drain: 'drain',
  labels: 'edit',
  autonomy: 'edit',
  delete: 'delete',
};
const dangerous: ReadonlySet<ActionId> = new Set(['delete', 'drain']);
/** Behind "More" however few the others are: a long title each, and rarely what one comes for. */
const seldom: ReadonlySet<ActionId> = new Set(['labels', 'autonomy']);
const forMany: readonly ActionId[] = [
  'restart',
  'cordon',
  'uncordon',
  'drain',
  'suspend',
  'unsuspend',
  'delete',
];

interface Offered {
  readonly cluster: string;
  readonly kind: KindEntry;
  readonly t: Translate;
  /** To a pool, which no right to the pool itself tells. */
  readonly mayAddNodes?: boolean;
  /** After the object is deleted. */
  readonly onDeleted?: () => void;
}

export function actionsOfRow(
  row: Row,
  { cluster, kind, t, mayAddNodes = false, onDeleted }: Offered,
): readonly RowAction[] {
  const target = { name: row.name, ...(row.namespace ? { namespace: row.namespace } : {}) };
  const object = links.object(cluster, kind.resource, target);
  const state = stateOf(row);
  return kind.actions
    .filter((id) => mayDo(row, id) && fits(id, state) && (id !== 'addNodes' || mayAddNodes))
    .map((id): RowAction => {
      const base = {
        id,
        title: t(`action.${id}`),
        isDangerous: dangerous.has(id),
        isInMenu: seldom.has(id),
      };
      switch (id) {
        case 'edit':
          return {
            ...base,
            to: kind.resource.startsWith('nodepools')
              ? `${links.pool(cluster, row.name)}/edit`
              : `${object}/edit`,
          };
        case 'editYaml':
          return { ...base, to: `${object}/yaml` };
        case 'addNodes':
          return { ...base, to: links.addNodes(cluster, row.name) };
        case 'logs':
          return { ...base, isReading: true, run: () => openLogs(cluster, kind, row) };
        case 'terminal':
          return {
            ...base,
            run: () =>
              openDockTab({
                kind: 'terminal',
                cluster,
                namespace: row.namespace ?? '',
                pod: row.name,
                title: row.name,
              }),
          };
        default:
          return {
            ...base,
            run: () =>
              openActionDialog({
                action: id as ActionDialog['action'],
                cluster,
                kind,
                targets: [target],
                ...(id === 'delete' && onDeleted ? { onDone: onDeleted } : {}),
              }),
          };
      }
    });
}

export function bulkActionsOf({ cluster, kind, t }: Offered): readonly BulkAction[] {
  return forMany
    .filter((id) => kind.actions.includes(id))
    .map((id) => ({
      id,
      title: t(`action.${id}`),
      isDangerous: dangerous.has(id),
      mayBeDone: (row) => mayDo(row, id),
      run: (rows) =>
        openActionDialog({
          action: id as ActionDialog['action'],
          cluster,
          kind,
          targets: rows.map(({ name, namespace }) => ({ name, namespace })),
        }),
    }));
}

function openLogs(cluster: string, kind: KindEntry, row: Row): void {
  const namespace = row.namespace ?? '';
  if (kind.resource === 'pods')
    openDockTab({ kind: 'logs', cluster, namespace, pod: row.name, title: row.name });
  else
    openDockTab({
      kind: 'logs',
      cluster,
      namespace,
      workload: `${kind.resource}/${row.name}`,
      title: row.name,
    });
}

/** As far as its row tells. */
export function mayDo(row: Pick<Row, 'actions'>, id: ActionId): boolean {
  const right = rights[id];
  if (right === undefined || row.actions === undefined) return true;
  if (row.actions.includes(right)) return true;
  // Logs of a workload are those of its pods, which the backend checks when they are read.
  return (
    right === 'logs' &&
    !row.actions.includes('exec') &&
    !row.actions.includes('evict') &&
    row.actions.includes('edit')
  );
}

function stateOf(row: Row): string {
  const cell = row.cells.find((one) => one !== null && typeof one === 'object');
  return cell && typeof cell === 'object' ? cell.state : '';
}

function fits(id: ActionId, state: string): boolean {
  const isCordoned = /SchedulingDisabled|Maintenance|Cordoned/.test(state);
  if (id === 'cordon') return !isCordoned;
  if (id === 'uncordon') return isCordoned;
  if (id === 'resume') return state === 'Paused';
  if (id === 'pause') return state !== 'Paused';
  if (id === 'unsuspend') return state === 'Suspended';
  if (id === 'suspend') return state !== 'Suspended' && !/Complete|Succeeded|Failed/.test(state);
  return true;
}
