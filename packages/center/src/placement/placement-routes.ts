import { badRequest } from '@skerry/api';
import { paths, type PlacementQuestion } from '#contract/index.ts';
import { jsonResponse, type Route } from '#http/route.ts';
import { SeenCluster, type SeenClusterOptions } from '#overview/seen-cluster.ts';
import { placementAnswer } from '#placement/placement.ts';

const waitMs = 10_000;
const templateBytesMax = 256 * 1024;

export function placementRoute(options: SeenClusterOptions): Route {
  return {
    method: 'POST',
    pattern: paths.placement(':cluster'),
    action: 'ask where pods would fit',
    handle: async (request) => {
      const question = questionOf(await request.json(templateBytesMax));
      const seen = new SeenCluster(request.caller, request.params['cluster'] ?? '', options);
      const [nodes, namespaces] = await Promise.all([
        seen.items('nodes', waitMs),
        asksForNamespaces(question) ? seen.items('namespaces', waitMs) : [],
        seen.cache.pods.ready(waitMs),
      ]);
      return jsonResponse(placementAnswer(question, { nodes, namespaces, cache: seen.cache }));
    },
  };
}

/** Their labels are only looked at where affinity to pods goes by them. */
function asksForNamespaces({ template }: PlacementQuestion): boolean {
  return JSON.stringify(template).includes('"namespaceSelector"');
}

function questionOf(value: unknown): PlacementQuestion {
  const { namespace, template, daemonSet } = (value ?? {}) as Record<string, unknown>;
  if (typeof namespace !== 'string') throw badRequest('namespace: is missing');
  if (typeof template !== 'object' || template === null) throw badRequest('template: is missing');
  return { namespace, template, daemonSet: daemonSet === true };
}
