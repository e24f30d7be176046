/**
 * Writes an image, in the OCI layout, from a list of files: for tests, for stand-ins where no registry can be reached, and
 * for the pause image. Equal input gives equal bytes, hence equal digests.
 * https://github.com/opencontainers/image-spec/blob/main/image-layout.md
 */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { normalizeImageReference } from '@skerry/api';
import { tar, type TarEntry } from '#images/tar.ts';
import { runCommand } from '#machine/command.ts';

export interface ImageSpec {
  /** Any name; what users leave out (`docker.io/library/`, `:latest`) is filled in. */
  readonly reference: string;
  readonly files: readonly TarEntry[];
  readonly architecture?: 'amd64' | 'arm64';
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly workingDirectory?: string;
  readonly user?: string;
}

/** Marks an image that only stands in for the real one of its name. */
export const standInLabel = 'io.skerry.stand-in';

interface Blob {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly content: Buffer;
}

/** The archive's bytes, as `ctr images import` and `docker load` read them. */
export function imageArchive(spec: ImageSpec): Buffer {
  const architecture = spec.architecture ?? hostArchitecture();
  const layer = blob('application/vnd.oci.image.layer.v1.tar', tar(spec.files));
  const config = blob(
    'application/vnd.oci.image.config.v1+json',
    json({
      architecture,
      os: 'linux',
      config: {
        Env: Object.entries(environmentOf(spec)).map(([name, value]) => `${name}=${value}`),
        ...(spec.entrypoint ? { Entrypoint: spec.entrypoint } : {}),
        ...(spec.command ? { Cmd: spec.command } : {}),
        ...(spec.workingDirectory ? { WorkingDir: spec.workingDirectory } : {}),
        ...(spec.user ? { User: spec.user } : {}),
        Labels: spec.labels ?? {},
      },
      rootfs: { type: 'layers', diff_ids: [layer.digest] },
      history: [{ created: '1970-01-01T00:00:00Z', created_by: 'skerry' }],
    }),
  );
  const manifest = blob(
    'application/vnd.oci.image.manifest.v1+json',
    json({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: descriptor(config),
      layers: [descriptor(layer)],
    }),
  );
  const reference = normalizeImageReference(spec.reference);
  const index = json({
    schemaVersion: 2,
    manifests: [
      {
        ...descriptor(manifest),
        platform: { architecture, os: 'linux' },
        annotations: {
          'io.containerd.image.name': reference,
          'org.opencontainers.image.ref.name': reference.slice(reference.lastIndexOf(':') + 1),
        },
      },
    ],
  });
  return tar([
    { type: 'directory', path: 'blobs', mode: 0o755 },
    { type: 'directory', path: 'blobs/sha256', mode: 0o755 },
    ...[layer, config, manifest].map(fileOf),
    { type: 'file', path: 'index.json', mode: 0o644, content: index },
    { type: 'file', path: 'oci-layout', mode: 0o644, content: json({ imageLayoutVersion: '1.0.0' }) },
  ]);
}

function environmentOf(spec: ImageSpec): Record<string, string> {
  return { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', ...spec.environment };
}

function blob(mediaType: string, content: Buffer): Blob {
  const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
  return { mediaType, digest, size: content.byteLength, content };
}

function descriptor({ mediaType, digest, size }: Blob) {
  return { mediaType, digest, size };
}

function fileOf({ digest, content }: Blob): TarEntry {
  return { type: 'file', path: `blobs/${digest.replace(':', '/')}`, mode: 0o644, content };
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function hostArchitecture(): 'amd64' | 'arm64' {
  return process.arch === 'arm64' ? 'arm64' : 'amd64';
}

export async function writeImageArchive(path: string, spec: ImageSpec): Promise<void> {
  await writeFile(path, imageArchive(spec));
}

export interface BusyboxOptions {
  /** A statically linked busybox; Debian's `busybox-static` has it here. */
  readonly busybox?: string;
  /** More files, after busybox's own. */
  readonly files?: readonly TarEntry[];
}

/** An image with busybox and a link for each of its programs, marked as a stand-in for `reference`. */
export async function busyboxImage(
  spec: Omit<ImageSpec, 'files'>,
  { busybox = '/usr/bin/busybox', files = [] }: BusyboxOptions = {},
): Promise<ImageSpec> {
  const [program, applets] = await Promise.all([readFile(busybox), runCommand(busybox, ['--list'])]);
  const names = applets.split('\n').filter((name) => name !== '' && name !== 'busybox');
  const folders = [
    'bin',
    'dev',
    'etc',
    'proc',
    'root',
    'sys',
    'usr',
    'usr/bin',
    'usr/sbin',
    'var',
    'var/run',
  ];
  const text = (path: string, content: string): TarEntry => ({
    type: 'file',
    path,
    mode: 0o644,
    content: Buffer.from(content),
  });
  return {
    ...spec,
    // The name makes stand-ins for two images two images, as those they stand for are.
    labels: {
      [standInLabel]: 'true',
      [`${standInLabel}-for`]: normalizeImageReference(spec.reference),
      ...spec.labels,
    },
    files: [
      ...folders.map((path): TarEntry => ({ type: 'directory', path, mode: 0o755 })),
      { type: 'directory', path: 'tmp', mode: 0o1777 },
      { type: 'file', path: 'bin/busybox', mode: 0o755, content: program },
      ...names.map((name): TarEntry => ({ type: 'symlink', path: `bin/${name}`, target: 'busybox' })),
      { type: 'symlink', path: 'usr/bin/env', target: '../../bin/busybox' },
      text('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n'),
      text('etc/group', 'root:x:0:\nnogroup:x:65534:\n'),
      ...files,
    ],
  };
}

/** What a pod's sandbox runs: it holds the namespaces, waits, and reaps the processes that others left. */
export function pauseImage(reference: string, options?: BusyboxOptions): Promise<ImageSpec> {
  const wait = "trap 'exit 0' TERM INT; while :; do sleep 86400 & wait $!; done";
  return busyboxImage({ reference, entrypoint: ['/bin/sh', '-c', wait] }, options);
}

export interface ImportOptions {
  /** As the containerd was configured; see `Containerd.snapshotter`. */
  readonly snapshotter?: string;
}

/** Loads an archive into a containerd, where the CRI finds it. */
export async function importImage(
  socket: string,
  archive: string,
  { snapshotter = 'overlayfs' }: ImportOptions = {},
): Promise<void> {
  const target = ['--address', socket, '--namespace', 'k8s.io'];
  await runCommand('ctr', [...target, 'images', 'import', '--snapshotter', snapshotter, archive], {
    timeoutMs: 10 * 60_000,
  });
}
