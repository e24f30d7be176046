import { readFileSync } from 'node:fs';
import { SkerryError } from '@skerry/base';
import * as z from 'zod';

const name = z.string().regex(/^[a-zA-Z0-9][\w .-]{0,62}$/);
const timing = {
  intervalSeconds: z.int().min(5).max(3600).default(30),
  timeoutMs: z.int().min(100).max(30_000).default(5_000),
};

/** What is asked: a page, a port, or a name. */
const probe = z.discriminatedUnion('type', [
  z.object({
    name,
    type: z.literal('http'),
    target: z.url({ protocol: /^https?$/ }),
    /** Answers that are well; 200 to 399 unless told. */
    statuses: z.array(z.int().min(100).max(599)).max(20).optional(),
    ...timing,
  }),
  z.object({ name, type: z.literal('tcp'), target: z.string().regex(/^[\w.:[\]-]+:\d{1,5}$/), ...timing }),
  z.object({ name, type: z.literal('dns'), target: z.string().regex(/^[\w.-]{1,253}$/), ...timing }),
]);

const schema = z.object({
  probes: z.array(probe).max(100),
  pool: z.string().max(253),
  node: z.string().max(253),
});

export type Probe = z.infer<typeof probe>;
export type ProbePlan = z.infer<typeof schema>;

/** From the file that the component's ConfigMap holds. Fails with `config-invalid`. */
export function readProbePlan(file: string, env: NodeJS.ProcessEnv): ProbePlan {
  let probes: unknown;
  try {
    probes = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new SkerryError('config-invalid', `prober: ${file} is no JSON`, { cause });
  }
  return parseProbePlan({ probes, pool: env['POOL'] ?? '', node: env['NODE_NAME'] ?? '' });
}

export function parseProbePlan(value: unknown): ProbePlan {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const faults = result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new SkerryError('config-invalid', `prober: ${faults.join('; ')}`);
}
