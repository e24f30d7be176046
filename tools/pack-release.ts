/**
 * The release: one archive with all that a center runs, for machines that have neither npm nor these sources. The service file
 * in it is for systemd; without it, `bin/skerry` is all there is to start.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

const entries = ['skerry.mjs', 'store-writer.mjs', 'yaml-thread.mjs', 'skerry-agent.mjs'];
const folders = ['components', 'console'];

/** Finds its folder also where it was called by a link. */
const starter = `#!/bin/sh
here=$(dirname "$(dirname "$(readlink -f "$0")")")
exec "$here/node" "$here/skerry.mjs" "$@"
`;

/**
 * Only the supervisor is told to stop: it stops its processes, the API server last. It is started again for ever, but where it was
 * started wrongly (exit code 2), which no other start mends.
 */
const service = `[Unit]
Description=Skerry center
Documentation=file:/opt/skerry/docs/how-to/install-a-center.md
After=network-online.target
Wants=network-online.target
StartLimitIntervalSec=0

[Service]
EnvironmentFile=-/etc/default/skerry
ExecStart=/opt/skerry/bin/skerry server $SKERRY_SERVER_FLAGS
Restart=always
RestartSec=2
RestartPreventExitStatus=2
KillMode=mixed
TimeoutStopSec=60
LimitNOFILE=1048576
NoNewPrivileges=yes

[Install]
WantedBy=multi-user.target
`;

export interface ReleaseParts {
  /** Folder of the bundle. */
  readonly dist: string;
  readonly node: string;
  /** For `kubectl explain`. */
  readonly descriptions: string;
  readonly docs: string;
  readonly license: string;
}

/** Writes `target`, a `.tar.gz`, whole or not at all, with one folder that has its name. */
export function packRelease(parts: ReleaseParts, target: string): void {
  const { dist, node, descriptions, docs, license } = parts;
  const name = basename(target, '.tar.gz');
  const work = mkdtempSync(join(tmpdir(), 'skerry-release-'));
  try {
    const folder = join(work, name);
    mkdirSync(join(folder, 'bin'), { recursive: true });
    mkdirSync(join(folder, 'chunks'));
    for (const file of [...entries, ...chunksOf(dist)]) copyFileSync(join(dist, file), join(folder, file));
    for (const part of folders) cpSync(join(dist, part), join(folder, part), { recursive: true });
    copyFileSync(node, join(folder, 'node'));
    cpSync(docs, join(folder, 'docs'), { recursive: true });
    cpSync(license, join(folder, 'LICENSE'));
    cpSync(descriptions, join(folder, '.cache/openapi-descriptions.json'));
    writeFileSync(join(folder, 'bin/skerry'), starter);
    writeFileSync(join(folder, 'skerry.service'), service);
    for (const program of ['node', 'bin/skerry']) chmodSync(join(folder, program), 0o755);
    mkdirSync(dirname(target), { recursive: true });
    const unfinished = `${target}.new`;
    execFileSync('tar', ['-czf', unfinished, '--owner=0', '--group=0', '--numeric-owner', '-C', work, name]);
    renameSync(unfinished, target);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Those that the entries lead to: the bundler leaves those of earlier bundles where they are, for processes that still run. */
function chunksOf(dist: string): Set<string> {
  const found = new Set<string>();
  const waiting = entries.slice();
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    for (const [name] of readFileSync(join(dist, file), 'utf8').matchAll(/[\w.-]+-[A-Z0-9]{8}\.mjs/g)) {
      const chunk = `chunks/${name}`;
      if (found.has(chunk) || !existsSync(join(dist, chunk))) continue;
      found.add(chunk);
      waiting.push(chunk);
    }
  }
  return found;
}
