/**
 * Who may make join scripts: whoever the cluster lets create `joinscripts` of `center.skerry.io` (the roles `admin` and `ops`), and
 * members of an owner for that owner, where something was granted to them in the cluster. The cluster's keeper then makes the token.
 */
import { ApiError, badRequest } from '@skerry/api';
import { createClient } from '@skerry/client';
import { reachableServer } from '#access/reachable-server.ts';
import type { PeopleAccess } from '#access/people-access.ts';
import { paths } from '#contract/paths.ts';
import type { Caller } from '#http/caller.ts';
import { Fields } from '#http/fields.ts';
import { jsonResponse, noContent, type Route } from '#http/route.ts';
import {
  type ClusterToJoin,
  createJoinScript,
  getJoinScript,
  listJoinScripts,
  revokeJoinScript,
  ttlMax,
} from '#joining/join-scripts.ts';
import type { Directory } from '#people/directory.ts';
import type { Clock } from '@skerry/base';

const usesMax = 100_000;
const poolName = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

export function joinRoutes({
  access,
  directory,
  clock,
}: {
  access: PeopleAccess;
  directory: Directory;
  clock: Clock;
}): Route[] {
  const clusterOf = (caller: Caller, cluster: string): ClusterToJoin => {
    const { keeper, address, hosted } = access.connection(cluster, caller);
    if (!hosted) throw badRequest(`machines join clusters that the center hosts; ${cluster} is not one`);
    return { client: createClient({ transport: keeper, userAgent: 'skerry-center/join', clock }), address };
  };
  const mayAll = (caller: Caller, cluster: string, verb: 'create' | 'list' | 'delete') =>
    access.may(caller, cluster, { verb, group: 'center.skerry.io', resource: 'joinscripts' });
  const isMember = ({ user, groups }: Caller, owner: string | undefined) =>
    owner !== undefined &&
    (directory.owners.get(undefined, owner)?.spec.members ?? []).some(({ kind, name }) =>
      kind === 'User' ? name === user : groups.includes(name),
    );

  return [
    {
      method: 'POST',
      pattern: paths.joinScripts(':cluster'),
      action: 'create join script',
      async handle(request) {
        const { caller, params, audit } = request;
        const name = params['cluster'] ?? '';
        const { client, address } = clusterOf(caller, name);
        const server = reachableServer(address.server, request.origin);
        const fields = new Fields(await request.json());
        const pool = fields.text('pool', { lengthMax: 63 });
        const owner = fields.optionalText('owner', { lengthMax: 63 });
        const ttl = fields.whole('ttl', { min: 60, max: ttlMax });
        const uses = fields.whole('uses', { min: 1, max: usesMax });
        audit.object = `pool ${pool}${owner ? `, owner ${owner}` : ''}`;
        if (!poolName.test(pool)) throw badRequest('pool must be the name of a node pool');
        if (!isMember(caller, owner) && !(await mayAll(caller, name, 'create'))) {
          throw new ApiError(
            'Forbidden',
            owner
              ? `you may not bring machines in for ${owner}`
              : 'you may not bring machines in; name an owner that you are a member of',
          );
        }
        if (owner && !directory.owners.get(undefined, owner)) {
          throw new ApiError('NotFound', `there is no owner ${owner}`);
        }
        const wanted = { pool, ttl, uses, ...(owner ? { owner } : {}), user: caller.user, clock };
        const script = await createJoinScript({ client, address: { ...address, server } }, wanted);
        audit.object += `, token ${script.id}`;
        return jsonResponse(script, { status: 201 });
      },
    },
    {
      method: 'GET',
      pattern: paths.joinScripts(':cluster'),
      async handle({ caller, params }) {
        const name = params['cluster'] ?? '';
        const scripts = await listJoinScripts(clusterOf(caller, name));
        const all = await mayAll(caller, name, 'list');
        return jsonResponse(all ? scripts : scripts.filter(({ owner }) => isMember(caller, owner)));
      },
    },
    {
      method: 'DELETE',
      pattern: `${paths.joinScripts(':cluster')}/:id`,
      action: 'revoke join script',
      async handle({ caller, params, audit }) {
        const { cluster: name = '', id = '' } = params;
        audit.object = `token ${id}`;
        const cluster = clusterOf(caller, name);
        const script = await getJoinScript(cluster, id);
        const gone = new ApiError('NotFound', `there is no join script ${id}`);
        if (!script) throw gone;
        // Whoever may not see it is told nothing of it.
        if (!isMember(caller, script.owner) && !(await mayAll(caller, name, 'delete'))) throw gone;
        await revokeJoinScript(cluster, id);
        return noContent;
      },
    },
  ];
}
