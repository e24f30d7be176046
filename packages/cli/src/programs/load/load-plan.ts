import { SkerryError } from '@skerry/base';
import * as z from 'zod';

/** Bounds that no value lifts: what these machines send together can take a site down. */
export const loadCaps = { ratePerSecond: 500, durationSeconds: 600, inFlight: 200 } as const;

const schema = z.object({
  /** The one address that is asked; nothing else ever is, redirects included. */
  target: z.url({ protocol: /^https?$/ }),
  startAtMs: z.int(),
  durationSeconds: z.int().min(1).max(loadCaps.durationSeconds),
  ratePerSecond: z.number().positive().max(loadCaps.ratePerSecond),
  timeoutMs: z.int().min(100).max(60_000),
  pool: z.string().max(253),
  node: z.string().max(253),
});

export type LoadPlan = z.infer<typeof schema>;

/** From the environment that the component's manifest sets. Fails with `config-invalid`. */
export function loadPlanOf(env: NodeJS.ProcessEnv): LoadPlan {
  const result = schema.safeParse({
    target: env['LOAD_TARGET'],
    startAtMs: Date.parse(env['LOAD_START_AT'] ?? ''),
    durationSeconds: Number(env['LOAD_DURATION_SECONDS']),
    ratePerSecond: Number(env['LOAD_RATE']),
    timeoutMs: Number(env['LOAD_TIMEOUT_MS'] ?? 10_000),
    pool: env['POOL'] ?? '',
    node: env['NODE_NAME'] ?? '',
  });
  if (result.success) return result.data;
  const faults = result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new SkerryError('config-invalid', `load generator: ${faults.join('; ')}`);
}
