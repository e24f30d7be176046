import type { Item } from '#cache/item.ts';
import type { RowAction } from '#views/view-kind.ts';

const edit: RowAction = { id: 'edit', verb: 'update' };
const remove: RowAction = { id: 'delete', verb: 'delete' };
const scale: RowAction = { id: 'scale', verb: 'patch', subresource: 'scale' };
const restart: RowAction = { id: 'restart', verb: 'patch' };

const logs: RowAction = { id: 'logs', verb: 'get', subresource: 'log', of: { group: '', resource: 'pods' } };

const runs = (item: Item) => item.facts?.kind === 'pod' && item.facts.node !== undefined;
const runsNow = (item: Item) => item.facts?.kind === 'pod' && item.facts.phase === 'Running';

const special: Readonly<Record<string, readonly RowAction[]>> = {
  '/pods': [
    { id: 'logs', verb: 'get', subresource: 'log', applies: runs },
    { id: 'exec', verb: 'create', subresource: 'exec', applies: runsNow },
    { id: 'evict', verb: 'create', subresource: 'eviction', applies: runs },
  ],
  '/nodes': [
    { id: 'cordon', verb: 'patch' },
    { id: 'drain', verb: 'patch' },
  ],
  'apps/deployments': [logs, scale, restart, { id: 'rollback', verb: 'update' }],
  'apps/statefulsets': [logs, scale, restart],
  'apps/daemonsets': [logs, restart],
  'apps/replicasets': [logs, scale],
  '/replicationcontrollers': [logs, scale],
  'batch/cronjobs': [
    { id: 'suspend', verb: 'patch' },
    { id: 'trigger', verb: 'patch' },
  ],
  'batch/jobs': [logs, { id: 'suspend', verb: 'patch' }],
  'certificates.k8s.io/certificatesigningrequests': [
    { id: 'approve', verb: 'update', subresource: 'approval' },
  ],
  '/secrets': [{ id: 'reveal', verb: 'get' }],
};

/** What can be done to objects of a resource, with the right that each takes. */
export function rowActions({
  group,
  resource,
  verbs,
}: {
  group: string;
  resource: string;
  verbs: readonly string[];
}): RowAction[] {
  return [
    ...(special[`${group}/${resource}`] ?? []),
    ...[edit, remove].filter(({ verb }) => verbs.includes(verb)),
  ];
}
