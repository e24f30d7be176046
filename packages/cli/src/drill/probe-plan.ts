/** What a machine asks of itself in a drill: names by its own name server, and Services by connecting to them. */
import type { EndpointSlice, Node, Service } from '@skerry/api';
import * as z from 'zod';
import { poolLabel } from '#link/node-links.ts';

const target = z.strictObject({
  /** `namespace/name` */
  service: z.string().min(1).max(200),
  /** The name that pods know it by. */
  host: z.string().min(1).max(253),
  address: z.ipv4(),
  port: z.number().int().min(1).max(65_535),
});

export const probesMax = 50;

export const probePlan = z.strictObject({
  /** How long at most, whatever becomes of who asked for it. */
  seconds: z.number().int().min(1).max(90_000),
  targets: z.array(target).max(probesMax),
});

export type ProbeTarget = z.infer<typeof target>;
export type ProbePlan = z.infer<typeof probePlan>;

/** Asked and not answered. */
export interface ProbeCount {
  readonly asked: number;
  readonly failed: number;
  /** Of the last failure. */
  readonly error?: string;
  /** Why it did not answer before the link was cut either, where it did not: then it is not asked. */
  readonly before?: string;
}

export interface ProbeReport {
  readonly targets: readonly {
    readonly service: string;
    readonly name: ProbeCount;
    readonly connection: ProbeCount;
  }[];
}

/**
 * Services that a node can be expected to reach while it is cut off: by TCP, with an endpoint that is ready in its own pool or,
 * where it has none, on itself.
 */
export function targetsOf(
  node: Node,
  world: {
    readonly services: readonly Service[];
    readonly slices: readonly EndpointSlice[];
    readonly nodes: ReadonlyMap<string, Node>;
    readonly clusterDomain: string;
  },
): ProbeTarget[] {
  const pool = node.metadata.labels?.[poolLabel];
  const isNear = (name: string | undefined) =>
    name === node.metadata.name ||
    (pool !== undefined && world.nodes.get(name ?? '')?.metadata.labels?.[poolLabel] === pool);
  const reachable = new Set(
    world.slices
      .filter(({ endpoints }) =>
        // Null where a Service has none.
        endpoints?.some(({ nodeName, conditions }) => conditions?.ready !== false && isNear(nodeName)),
      )
      .map(({ metadata }) => `${metadata.namespace}/${metadata.labels?.['kubernetes.io/service-name']}`),
  );
  return world.services
    .flatMap(({ metadata, spec }) => {
      const service = `${metadata.namespace}/${metadata.name}`;
      const port = spec?.ports?.find(({ protocol = 'TCP' }) => protocol === 'TCP')?.port;
      const address = spec?.clusterIP;
      if (!port || !address || address === 'None' || address.includes(':') || !reachable.has(service))
        return [];
      const host = `${metadata.name}.${metadata.namespace}.svc.${world.clusterDomain}`;
      return [{ service, host, address, port }];
    })
    .slice(0, probesMax);
}
