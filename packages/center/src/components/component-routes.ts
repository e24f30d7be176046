/**
 * The catalogue of a cluster, and what is done with it. Who may is asked of the cluster: `components` of `center.skerry.io` is
 * no resource of it, but roles name it.
 */
import { ApiError, badRequest, notFound } from '@skerry/api';
import { type ClusterAccess } from '#access/cluster-access.ts';
import { clusterUser } from '#access/subject.ts';
import { asApiError, type ComponentRequest, type ComponentService } from '#components/component-service.ts';
import { paths } from '#contract/paths.ts';
import type { Caller } from '#http/caller.ts';
import { Fields } from '#http/fields.ts';
import { type CenterResponse, jsonResponse, type Route } from '#http/route.ts';
import { centerGroup } from '#management/resources.ts';
import { type Task, taskView } from '#tasks/task.ts';

export interface ComponentRoutesOptions {
  readonly service: ComponentService;
  readonly access: ClusterAccess;
  /** A task by its name, once it is there. */
  readonly task: (name: string) => Promise<Task>;
}

const verbs = { install: 'create', upgrade: 'update', configure: 'update', remove: 'delete' } as const;
const valuesBytesMax = 256 * 1024;

export function componentRoutes({ service, access, task }: ComponentRoutesOptions): Route[] {
  const demand = async (caller: Caller, cluster: string, verb: string, name?: string) => {
    if (!access.list(caller).includes(cluster))
      throw notFound({ group: centerGroup, resource: 'clusters' }, cluster);
    const question = { verb, group: centerGroup, resource: 'components', ...(name ? { name } : {}) };
    if (await access.may(caller, cluster, question)) return;
    throw new ApiError('Forbidden', `you may not ${verb} components of cluster ${cluster}`);
  };
  return [
    {
      method: 'GET',
      pattern: paths.components(':cluster'),
      async handle({ caller, params }) {
        const cluster = params['cluster'] ?? '';
        await demand(caller, cluster, 'list');
        return jsonResponse(await service.entries(cluster));
      },
    },
    {
      method: 'POST',
      pattern: `${paths.components(':cluster')}/:name`,
      action: 'change a component',
      async handle(request): Promise<CenterResponse> {
        const { caller, params, audit } = request;
        const cluster = params['cluster'] ?? '';
        const component = params['name'] ?? '';
        const { asked, dryRun } = parseAction(await request.json(valuesBytesMax), { cluster, component });
        audit.action = `${dryRun ? 'plan to ' : ''}${asked.action} component`;
        audit.object = component;
        await demand(caller, cluster, dryRun ? 'list' : verbs[asked.action], component);
        try {
          if (dryRun) return jsonResponse(await service.plan(asked));
          const name = await service.start(asked, clusterUser(caller.user));
          return jsonResponse(taskView(await task(name)), { status: 202 });
        } catch (error) {
          throw asApiError(error);
        }
      },
    },
  ];
}

function parseAction(
  body: unknown,
  { cluster, component }: { cluster: string; component: string },
): { asked: ComponentRequest; dryRun: boolean } {
  const fields = new Fields(body);
  const action = fields.text('action', { lengthMax: 20 });
  if (!Object.hasOwn(verbs, action)) throw badRequest('action must be install, upgrade, configure or remove');
  const version = fields.optionalText('version', { lengthMax: 32 });
  const { values, dryRun } = body as { values?: unknown; dryRun?: unknown };
  if (values !== undefined && (typeof values !== 'object' || values === null || Array.isArray(values)))
    throw badRequest('values must be an object');
  return {
    asked: {
      cluster,
      component,
      action: action as ComponentRequest['action'],
      ...(version === undefined ? {} : { version }),
      ...(values === undefined ? {} : { values: values as Record<string, unknown> }),
    },
    dryRun: dryRun === true,
  };
}
