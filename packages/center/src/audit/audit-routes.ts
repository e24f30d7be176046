import { badRequest } from '@skerry/api';
import { type ClusterAccess, managementCluster } from '#access/cluster-access.ts';
import type { AuditLog, AuditQuery } from '#audit/audit-log.ts';
import { paths } from '#contract/paths.ts';
import { jsonResponse, type Route } from '#http/route.ts';

const limitDefault = 50;
const limitMax = 200;

/** Everyone sees what they did themselves; the rest is for who may list `audit` of `center.skerry.io` in the management API. */
export function auditRoutes({ log, access }: { log: AuditLog; access: ClusterAccess }): Route[] {
  return [
    {
      method: 'GET',
      pattern: paths.audit,
      async handle({ caller, query }) {
        const question = { verb: 'list', group: 'center.skerry.io', resource: 'audit' };
        const seesAll = await access.may(caller, managementCluster, question);
        const asked = parseQuery(query);
        return jsonResponse(await log.page(seesAll ? asked : { ...asked, user: caller.user }));
      },
    },
  ];
}

function parseQuery(query: URLSearchParams): AuditQuery {
  const text = (name: string) => query.get(name) || undefined;
  const limit = Number(query.get('limit') ?? limitDefault);
  if (!Number.isInteger(limit) || limit < 1 || limit > limitMax) {
    throw badRequest(`limit must be a whole number from 1 to ${limitMax}`);
  }
  const result = text('result');
  if (result !== undefined && result !== 'allowed' && result !== 'refused' && result !== 'failed') {
    throw badRequest('result must be allowed, refused or failed');
  }
  return {
    user: text('user'),
    cluster: text('cluster'),
    action: text('action'),
    result,
    since: text('since'),
    until: text('until'),
    before: text('before'),
    limit,
  };
}
