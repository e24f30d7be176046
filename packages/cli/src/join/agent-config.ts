/**
 * What a machine knows about its cluster, in the folder `<data>/agent`: `ca.crt`, `client.key` (0600), `agent.yaml`, and
 * `client.crt`, which is written last and so marks the machine as joined. A join that fails or is killed leaves no
 * `client.crt`, and the next one writes over what it left.
 */
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SkerryError } from '@skerry/base';
import { makePrivateDirectory, writeFileAtomically } from '@skerry/pki';
import { parse, stringify } from 'yaml';
import * as z from 'zod';

const taintSchema = z.strictObject({
  key: z.string().min(1),
  value: z.string().optional(),
  effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']),
});

const schema = z.strictObject({
  /** `host:port` of the center. */
  server: z.string().min(1),
  nodeName: z.string().min(1),
  pool: z.string().optional(),
  labels: z.record(z.string(), z.string()).default({}),
  taints: z.array(taintSchema).default([]),
  /** Socket of the container runtime, or `simulated`. */
  runtimeEndpoint: z.string().min(1),
  /** `http://[user:password@]host:port` of a proxy by which the center is reached. */
  proxy: z.string().min(1).optional(),
});

export type AgentConfig = z.infer<typeof schema>;
export type AgentTaint = z.infer<typeof taintSchema>;

export interface AgentIdentity {
  readonly config: AgentConfig;
  readonly authorityPem: string;
  readonly certificatePem: string;
  readonly keyPem: string;
}

export interface AgentFiles {
  readonly directory: string;
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
  readonly config: string;
}

export function agentFiles(dataDirectory: string): AgentFiles {
  const directory = join(dataDirectory, 'agent');
  return {
    directory,
    authority: join(directory, 'ca.crt'),
    certificate: join(directory, 'client.crt'),
    key: join(directory, 'client.key'),
    config: join(directory, 'agent.yaml'),
  };
}

/** What the agent starts with. Throws `not-joined` or `config-invalid`. */
export function readAgentIdentity(dataDirectory: string): AgentIdentity {
  const files = agentFiles(dataDirectory);
  const read = (path: string) => {
    try {
      return readFileSync(path, 'utf8');
    } catch (cause) {
      throw new SkerryError(
        'not-joined',
        `this machine has not joined a cluster (${path} can't be read); run \`skerry join\` first`,
        { cause },
      );
    }
  };
  const certificatePem = read(files.certificate);
  return {
    certificatePem,
    keyPem: read(files.key),
    authorityPem: read(files.authority),
    config: parseAgentConfig(read(files.config), files.config),
  };
}

/** Throws `config-invalid` naming each bad field. */
export function parseAgentConfig(text: string, source: string): AgentConfig {
  let value: unknown;
  try {
    value = parse(text);
  } catch (cause) {
    throw new SkerryError('config-invalid', `${source} is not YAML`, { cause });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const faults = result.error.issues.map(
    (issue) => `${issue.path.join('.') || 'the file'}: ${issue.message}`,
  );
  throw new SkerryError('config-invalid', `${source}: ${faults.join('; ')}`);
}

/** Writes all files or none: on failure, what was written is removed. */
export async function writeAgentIdentity(dataDirectory: string, identity: AgentIdentity): Promise<void> {
  const files = agentFiles(dataDirectory);
  const contents: readonly [string, string, number][] = [
    [files.authority, identity.authorityPem, 0o644],
    [files.key, identity.keyPem, 0o600],
    // A proxy may have a password.
    [files.config, stringify(identity.config), identity.config.proxy === undefined ? 0o644 : 0o600],
    [files.certificate, identity.certificatePem, 0o644],
  ];
  try {
    await makePrivateDirectory(files.directory);
    for (const [path, content, mode] of contents) await writeFileAtomically(path, content, { mode });
  } catch (cause) {
    await Promise.all(contents.map(([path]) => rm(path, { force: true }).catch(() => undefined)));
    throw new SkerryError('data-directory-unusable', `cannot write to ${files.directory}`, { cause });
  }
}

/** Puts a renewed certificate of the same key in the old one's place; a crash leaves one of both, whole. */
export async function replaceCertificate(dataDirectory: string, certificatePem: string): Promise<void> {
  await writeFileAtomically(agentFiles(dataDirectory).certificate, certificatePem, { mode: 0o644 });
}

/** Puts another configuration in the old one's place; a crash leaves one of both, whole. */
export async function replaceAgentConfig(dataDirectory: string, config: AgentConfig): Promise<void> {
  await writeFileAtomically(agentFiles(dataDirectory).config, stringify(config), { mode: 0o644 });
}
