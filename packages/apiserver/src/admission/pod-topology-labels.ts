/**
 * A pod carries the region and the zone of its node in labels, from the moment that it has one: what runs in it reads them by
 * the downward API, and what selects pods can select by them.
 * https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#podtopologylabels
 */
import type { Node, Pod } from '@skerry/api';
import { type AdmissionPlugin, isAbout, nodes, pods } from '#admission/plugin.ts';
import type { AdmissionContext, ObjectReader } from '#security.ts';

const keys = ['topology.kubernetes.io/region', 'topology.kubernetes.io/zone'];

export function podTopologyLabels({ read }: { readonly read: ObjectReader }): AdmissionPlugin {
  return {
    name: 'PodTopologyLabels',
    mutate(ctx) {
      const name = ctx.operation === 'CREATE' ? nodeOf(ctx) : undefined;
      const labels = name ? read.get<Node>(nodes, name)?.metadata.labels : undefined;
      const found = keys.flatMap((key) => (labels?.[key] === undefined ? [] : [[key, labels[key]]]));
      if (found.length === 0) return;
      const metadata = ((ctx.object as unknown as Pod).metadata ??= {});
      metadata.labels = { ...metadata.labels, ...(Object.fromEntries(found) as Record<string, string>) };
    },
  };
}

/** Of a pod that is made there, or bound there. */
function nodeOf(ctx: AdmissionContext): string | undefined {
  if (isAbout(ctx, pods)) return (ctx.object as unknown as Pod).spec?.nodeName;
  if (!isAbout(ctx, { ...pods, subresource: 'binding' })) return undefined;
  return (ctx.object as { target?: { name?: string } }).target?.name;
}
