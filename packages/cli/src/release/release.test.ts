import { execFileSync, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Architecture, describeArchive, writeReleaseArchive } from './archive.ts';
import { joinScript } from './join-script.ts';
import { installedBuild } from './layout.ts';
import { requireBinary } from './node-binary.ts';
import { ReleaseFiles } from './release-files.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'skerry-release-'));
  mkdirSync(join(folder, 'dist'));
  writeFileSync(join(folder, 'dist/skerry.mjs'), 'for the center');
  writeFileSync(join(folder, 'dist/skerry-agent.mjs'), 'for machines');
  writeFileSync(join(folder, 'node'), 'node itself');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string) => join(folder, name);
const pack = (target: string) => writeReleaseArchive({ bundle: at('dist'), node: at('node'), target });

function releaseFiles({ nodeVersion = 'v24.1.0' } = {}) {
  return new ReleaseFiles({
    directory: at('release'),
    version: '1.2.3',
    entry: at('dist/skerry.mjs'),
    node: at('node'),
    nodeVersion,
    processArchitecture: 'x64',
  });
}

test('an archive holds what a machine runs and Node, and nothing for the center alone', async () => {
  await pack(at('a.tar.gz'));
  const listing = execFileSync('tar', ['-tzvf', at('a.tar.gz')], { encoding: 'utf8' });
  expect(
    listing
      .split('\n')
      .map((line) => line.split(/\s+/).at(-1))
      .filter(Boolean),
  ).toEqual(['node', 'skerry.mjs']);
  expect(listing).toMatch(/^-rwxr-xr-x .* node$/m);
});

test('equal contents make equal bytes', async () => {
  await pack(at('a.tar.gz'));
  await pack(at('b.tar.gz'));
  expect(readFileSync(at('a.tar.gz')).equals(readFileSync(at('b.tar.gz')))).toBe(true);
});

test('the own archive is packed when it is first asked for, and again when the program or its Node changed', async () => {
  const first = await releaseFiles().get('amd64');
  expect(await releaseFiles().get('amd64')).toEqual(first);
  writeFileSync(at('dist/skerry-agent.mjs'), 'another program');
  const second = await releaseFiles().get('amd64');
  expect(second.sha256).not.toBe(first.sha256);
  writeFileSync(at('node'), 'a newer node');
  const third = await releaseFiles({ nodeVersion: 'v24.2.0' }).get('amd64');
  expect(third.sha256).not.toBe(second.sha256);
  expect(readdirSync(at('release'))).toEqual([basename(third.path)]);
});

test('one of another architecture is found once it is there, and no longer by another build of the same version', async () => {
  const files = releaseFiles();
  const missing = /no release of this build of 1.2.3 for linux\/arm64.*--arch arm64/;
  await expect(files.get('arm64')).rejects.toThrow(missing);
  await files.make('arm64', at('node'));
  expect((await files.get('arm64')).architecture).toBe('arm64');
  expect((await releaseFiles().get('arm64')).architecture).toBe('arm64');
  writeFileSync(at('dist/skerry-agent.mjs'), 'another program');
  await expect(releaseFiles().get('arm64')).rejects.toThrow(missing);
  await releaseFiles().make('arm64', at('node'));
  expect(readdirSync(at('release'))).toHaveLength(1);
});

test('a file that is no program for the architecture is refused', async () => {
  await expect(requireBinary(process.execPath, 'arm64')).rejects.toThrow(/is no Linux program for arm64/);
  await expect(requireBinary(at('node'), 'amd64')).rejects.toThrow(/is no Linux program for amd64/);
});

test('only a program that was installed beside its builds is one', () => {
  expect(installedBuild(at('dist/skerry.mjs'))).toBeUndefined();
});

/** Plays a program of the machine. */
function play(name: string, script: string): void {
  mkdirSync(at('bin'), { recursive: true });
  writeFileSync(join(at('bin'), name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

/** Plays curl: hands out an archive whatever it is asked. */
async function runScript(archive: string, described: string) {
  play('curl', `while [ "$1" != -o ]; do shift; done\ncp "${archive}" "$2"`);
  const script = joinScript({
    center: '203.0.113.5:6443',
    pin: 'sha256//cGlu',
    version: '1.2.3',
    archives: [await describeArchive(described, process.arch === 'arm64' ? 'arm64' : 'amd64')],
  });
  writeFileSync(at('join.sh'), script);
  const { status, stdout, stderr } = spawnSync('sh', [at('join.sh'), '--install-only'], {
    encoding: 'utf8',
    env: { PATH: `${at('bin')}:${process.env['PATH']}`, PREFIX: at('prefix') },
  });
  return { status, stdout, stderr };
}

test.skipIf(process.getuid?.() !== 0)('the script installs, and again changes nothing', async () => {
  writeFileSync(at('node'), '#!/bin/sh\necho ran "$@"\n');
  await pack(at('a.tar.gz'));
  expect(await runScript(at('a.tar.gz'), at('a.tar.gz'))).toMatchObject({ status: 0, stderr: '' });
  expect(readlinkSync(at('prefix/lib/skerry/current'))).toMatch(/^1\.2\.3-[0-9a-f]{8}$/);
  expect(execFileSync(at('prefix/bin/skerry'), ['a b'], { encoding: 'utf8' })).toMatch(/skerry\.mjs a b\n$/);
  expect(installedBuild(at('prefix/lib/skerry/current/skerry.mjs'))?.prefix).toBe(at('prefix/lib/skerry'));
  const again = await runScript(at('a.tar.gz'), at('a.tar.gz'));
  expect(again.stdout).toContain('is here already');
  const left = execFileSync('ls', ['-A', at('prefix/lib/skerry')], { encoding: 'utf8' })
    .trim()
    .split('\n');
  expect(left).toHaveLength(2);
});

test.skipIf(process.getuid?.() !== 0)('what is not the release is refused, and nothing is left', async () => {
  await pack(at('a.tar.gz'));
  writeFileSync(at('other'), 'tampered');
  const { status, stderr } = await runScript(at('other'), at('a.tar.gz'));
  expect([status, stderr]).toEqual([
    1,
    'error: what came from 203.0.113.5:6443 is not the release that this script is for; fetch the script again\n',
  ]);
  expect(execFileSync('ls', ['-A', at('prefix/lib/skerry')], { encoding: 'utf8' })).toBe('');
});

test('an address that a shell would read makes no script', () => {
  const options = { pin: 'sha256//cGlu', version: '1.2.3', archives: [] };
  expect(() => joinScript({ center: 'a;reboot:6443', ...options })).toThrow(/can't stand in a script/);
});

/** The script on a machine that answers `uname` and `getconf` so, as root, and what it asked curl for. */
async function runOn(
  machine: { readonly uname: string; readonly bits?: string; readonly libc?: string; readonly ldd?: string },
  made: readonly Architecture[],
) {
  const { uname, bits = '64', libc = '', ldd = '' } = machine;
  await pack(at('a.tar.gz'));
  play('uname', `[ "$1" = -m ] && echo ${uname} || echo Linux`);
  play('id', 'echo 0');
  play('getconf', `[ "$1" = LONG_BIT ] && echo ${bits} && exit; echo "${libc}"; [ -n "${libc}" ]`);
  play('ldd', `echo "${ldd}" >&2`);
  play('curl', `echo "asked $*" >&2; exit 22`);
  const archives = await Promise.all(
    made.map((architecture) => describeArchive(at('a.tar.gz'), architecture)),
  );
  const options = { center: '203.0.113.5:6443', pin: 'sha256//cGlu', version: '1.2.3', archives };
  writeFileSync(at('join.sh'), joinScript(options));
  const { status, stderr } = spawnSync('sh', [at('join.sh'), '--install-only'], {
    encoding: 'utf8',
    env: { PATH: `${at('bin')}:${process.env['PATH']}`, PREFIX: at('prefix') },
  });
  return { status, stderr };
}

test.each([
  ['x86_64', 'amd64'],
  ['aarch64', 'arm64'],
  ['arm64', 'arm64'],
])('a machine that is %s asks for the release of %s', async (uname, architecture) => {
  const { stderr } = await runOn({ uname, libc: 'glibc 2.36' }, ['amd64', 'arm64']);
  expect(stderr).toContain(`https://203.0.113.5:6443/release/skerry-1.2.3-linux-${architecture}.tar.gz`);
});

test.each<[what: string, machine: Parameters<typeof runOn>[0], message: RegExp]>([
  [
    'that the center has no release for',
    { uname: 'aarch64' },
    /203\.0\.113\.5:6443 has no release for arm64 yet; on it, 'skerry release --arch arm64 --node FILE' makes one/,
  ],
  ['of no kind that a node can be', { uname: 'armv7l' }, /a node needs amd64 or arm64, and this is armv7l/],
  ['of 32 bits on a kernel of 64', { uname: 'x86_64', bits: '32' }, /of 32 bits, on a kernel of 64/],
  [
    'with musl',
    { uname: 'x86_64', ldd: 'musl libc (x86_64)' },
    /has musl .* Node needs glibc 2\.28 or newer/,
  ],
  ['with an old glibc', { uname: 'x86_64', libc: 'glibc 2.17' }, /has glibc 2\.17, and Node needs 2\.28/],
])('a machine %s is told so, and fetches nothing', async (_, machine, message) => {
  const { status, stderr } = await runOn(machine, ['amd64']);
  expect([status, stderr]).toEqual([3, expect.stringMatching(message)]);
  expect(stderr).not.toContain('asked');
});

test.each(['glibc 2.28', 'glibc 2.41', 'glibc 3.0', ''])('a machine with %j goes on', async (libc) => {
  expect((await runOn({ uname: 'x86_64', libc }, ['amd64'])).stderr).toContain('asked');
});
