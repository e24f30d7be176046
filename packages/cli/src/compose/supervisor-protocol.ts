/**
 * What the center's process and its supervisor say to each other over the channel between them. The center says which
 * clusters should run, always all of them; the supervisor says how they are, always all of them. So neither has to remember
 * what the other has seen, and the clusters go on while the center is started again.
 */
import * as z from 'zod';

/** What the center's own cluster is called between the two: no name of a Cluster. */
export const ownClusterKey = '@own';

const wanted = z.strictObject({
  type: z.literal('run-clusters'),
  clusters: z.array(z.strictObject({ name: z.string(), directory: z.string() })).max(256),
});

const states = z.strictObject({
  type: z.literal('cluster-states'),
  clusters: z
    .array(
      z.strictObject({
        name: z.string(),
        state: z.enum(['starting', 'running', 'failed', 'stopping']),
        why: z.string().optional(),
        restarts: z.int(),
      }),
    )
    .max(256),
});

export type RunClusters = z.infer<typeof wanted>;
export type ClusterStates = z.infer<typeof states>;

export function parseRunClusters(message: unknown): RunClusters | undefined {
  return wanted.safeParse(message).data;
}

export function parseClusterStates(message: unknown): ClusterStates | undefined {
  return states.safeParse(message).data;
}
