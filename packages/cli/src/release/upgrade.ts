/**
 * `skerry upgrade`: this machine's program becomes that of its center. The archive comes over the connection that the node's own
 * certificate secures, is checked against the digest that came the same way, and is tried before it becomes the current one, which is
 * one rename. Containers are the runtime's children and go on. An agent that does not stay up with the new build gets the old one
 * back.
 */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, readlink, rename, rm, symlink } from 'node:fs/promises';
import { request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { describeError, SkerryError } from '@skerry/base';
import * as z from 'zod';
import type { AgentIdentity } from '#join/agent-config.ts';
import { parseAddress, unreachable } from '#join/cluster-info.ts';
import { proxyTo, requestThrough } from '#join/proxy.ts';
import { runCommand } from '#process/command.ts';
import { architectureOf } from './archive.ts';
import { releasePath } from './join-script.ts';
import { buildName } from './layout.ts';

export interface UpgradeOptions {
  readonly identity: AgentIdentity;
  /** Folder of all builds. */
  readonly prefix: string;
  readonly processArchitecture: string;
  /** Starts the agent anew and says whether it stayed up; undefined where nothing here starts it. */
  readonly restart?: () => Promise<void>;
  readonly report: {
    step<T>(title: string, work: () => Promise<T>, detail?: (result: T) => string): Promise<T>;
  };
}

export type Upgraded =
  | { readonly state: 'current'; readonly build: string }
  | {
      readonly state: 'upgraded';
      readonly build: string;
      readonly former: string;
      readonly restarted: boolean;
    };

const indexSchema = z.object({
  version: z.string().regex(/^[\w.+-]{1,64}$/),
  archives: z
    .array(
      z.object({
        architecture: z.enum(['amd64', 'arm64']),
        path: z.string().startsWith(releasePath),
        bytes: z.int().positive(),
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
      }),
    )
    .max(8),
});

type Archive = z.infer<typeof indexSchema>['archives'][number];

const indexBytesMax = 64 * 1024;
const archiveBytesMax = 512 * 1024 * 1024;
const silenceMs = 60_000;

export async function upgrade(options: UpgradeOptions): Promise<Upgraded> {
  const { identity, prefix, report, restart } = options;
  const architecture = architectureOf(options.processArchitecture);
  const { version, archive } = await report.step('ask the center', async () => {
    const index = indexSchema.parse(JSON.parse(await readIndex(identity)));
    const found = index.archives.find((candidate) => candidate.architecture === architecture);
    if (found) return { version: index.version, archive: found };
    throw new SkerryError(
      'release-not-made',
      `the center at ${identity.config.server} has no release for linux/${architecture ?? options.processArchitecture}; make one there with \`skerry release --arch ${architecture ?? options.processArchitecture} --node FILE\``,
    );
  });
  const build = buildName(version, archive.sha256);
  const former = await readlink(join(prefix, 'current'));
  if (former === build) return { state: 'current', build };
  const builds = await readdir(prefix);
  if (!builds.includes(build))
    await report.step(
      'fetch and try',
      () => fetchBuild(identity, archive, prefix, build),
      () => build,
    );
  await makeCurrent(prefix, build);
  if (restart) {
    await report.step('agent restarted', async () => {
      try {
        await restart();
      } catch (cause) {
        await makeCurrent(prefix, former);
        await restart().catch(() => undefined);
        throw new SkerryError(
          'upgrade-undone',
          `the agent does not stay up with ${build} (${describeError(cause)}); ${former} runs again`,
          { cause },
        );
      }
    });
  }
  await removeOthers(prefix, [build, former]);
  return { state: 'upgraded', build, former, restarted: restart !== undefined };
}

async function fetchBuild(
  identity: AgentIdentity,
  archive: Archive,
  prefix: string,
  build: string,
): Promise<void> {
  await mkdir(prefix, { recursive: true });
  const work = await mkdtemp(join(prefix, '.new.'));
  try {
    const file = join(work, 'archive');
    await download(identity, archive, file);
    const unpacked = join(work, 'build');
    await mkdir(unpacked);
    await runCommand('tar', ['-xzf', file, '-C', unpacked, '--no-same-owner'], { timeoutMs: 120_000 });
    await runCommand(join(unpacked, 'node'), [join(unpacked, 'skerry.mjs'), '--version']);
    await rename(unpacked, join(prefix, build));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** A link can't be written over: the new one takes the old one's name in one step. */
async function makeCurrent(prefix: string, build: string): Promise<void> {
  const next = join(prefix, 'current.new');
  await rm(next, { force: true });
  await symlink(build, next);
  await rename(next, join(prefix, 'current'));
}

async function removeOthers(prefix: string, kept: readonly string[]): Promise<void> {
  const names = (await readdir(prefix)).filter((name) => name !== 'current' && !kept.includes(name));
  await Promise.all(names.map((name) => rm(join(prefix, name), { recursive: true, force: true })));
}

async function readIndex(identity: AgentIdentity): Promise<string> {
  const response = await get(identity, `${releasePath}index.json`);
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > indexBytesMax)
      throw new SkerryError('not-a-center', 'the list of releases is longer than 64 KiB');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function download(
  identity: AgentIdentity,
  { path, bytes, sha256 }: Archive,
  file: string,
): Promise<void> {
  const refuse = (why: string) =>
    new SkerryError('release-corrupt', `what came from ${identity.config.server}${path} ${why}; try again`);
  if (bytes > archiveBytesMax) throw refuse(`would be ${bytes} bytes long`);
  const response = await get(identity, path);
  const hash = createHash('sha256');
  let length = 0;
  await pipeline(
    response,
    async function* (source: AsyncIterable<Buffer>) {
      for await (const chunk of source) {
        length += chunk.length;
        if (length > bytes) throw refuse('is longer than it should be');
        hash.update(chunk);
        yield chunk;
      }
    },
    createWriteStream(file, { mode: 0o600 }),
  );
  if (hash.digest('hex') !== sha256) throw refuse('does not have the digest that the center names');
}

async function get(identity: AgentIdentity, path: string): Promise<IncomingMessage> {
  const { host, port, text } = parseAddress(identity.config.server);
  const { authorityPem: ca, certificatePem: cert, keyPem: key } = identity;
  const proxy = proxyTo({ host, port }, identity.config.proxy, process.env);
  const through = await requestThrough(proxy, { host, port });
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host, port, path, ca, cert, key, timeout: silenceMs, agent: false, ...through },
      (response) => {
        if (response.statusCode === 200) {
          resolve(response);
          return;
        }
        response.resume();
        reject(new SkerryError('release-not-made', `${text}${path} answered ${response.statusCode}`));
      },
    );
    outgoing.on('timeout', () =>
      outgoing.destroy(Object.assign(new Error('timed out'), { code: 'ETIMEDOUT' })),
    );
    outgoing.on('error', (error) => reject(unreachable(text, error)));
    outgoing.end();
  });
}
