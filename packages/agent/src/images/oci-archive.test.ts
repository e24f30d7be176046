import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { imageArchive, type ImageSpec } from '#images/oci-archive.ts';
import { tar } from '#images/tar.ts';

const spec: ImageSpec = {
  reference: 'registry.example/team/app:1',
  architecture: 'amd64',
  files: [
    { type: 'directory', path: 'bin', mode: 0o755 },
    { type: 'file', path: 'bin/app', mode: 0o755, content: Buffer.from('#!') },
    { type: 'symlink', path: 'bin/link', target: 'app' },
  ],
  entrypoint: ['/bin/app'],
  environment: { A: 'b' },
};

function list(archive: Buffer): string[] {
  return execFileSync('tar', ['-tf', '-'], { input: archive, encoding: 'utf8' }).trim().split('\n');
}

function entry(archive: Buffer, path: string): Record<string, unknown> {
  return JSON.parse(execFileSync('tar', ['-xOf', '-', path], { input: archive, encoding: 'utf8' })) as Record<
    string,
    unknown
  >;
}

test('equal input makes equal bytes', () => {
  expect(imageArchive(spec).equals(imageArchive(structuredClone(spec)))).toBe(true);
  expect(imageArchive({ ...spec, labels: { a: 'b' } }).equals(imageArchive(spec))).toBe(false);
});

test('the archive is an OCI layout that other tools can read', () => {
  const archive = imageArchive(spec);
  expect(list(archive)).toEqual(expect.arrayContaining(['oci-layout', 'index.json', 'blobs/sha256/']));
  expect(entry(archive, 'index.json')).toMatchObject({
    manifests: [
      {
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        platform: { architecture: 'amd64', os: 'linux' },
        annotations: {
          'io.containerd.image.name': 'registry.example/team/app:1',
          'org.opencontainers.image.ref.name': '1',
        },
      },
    ],
  });
});

test('long paths fit, and those that cannot are refused', () => {
  const long = `${'d'.repeat(90)}/${'f'.repeat(90)}`;
  expect(list(tar([{ type: 'file', path: long, mode: 0o644, content: Buffer.from('x') }]))).toEqual([long]);
  const tooLong = 'x'.repeat(101);
  expect(() => tar([{ type: 'directory', path: tooLong, mode: 0o755 }])).toThrow('too long');
});
