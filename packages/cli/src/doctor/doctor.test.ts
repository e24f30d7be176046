import { expect, test } from 'vitest';
import { SkerryError, systemClock } from '@skerry/base';
import { examine, requireFit } from './doctor.ts';
import type { DoctorSystem } from './system.ts';

/** A stock Debian machine, to be spoilt. */
const files: Record<string, string> = {
  '/etc/os-release': 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
  '/proc/sys/kernel/osrelease': '6.1.0-18-amd64\n',
  '/proc/self/mounts': 'cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n',
  '/sys/fs/cgroup/cgroup.controllers': 'cpuset cpu io memory pids\n',
  '/proc/sys/fs/inotify/max_user_instances': '1024\n',
  '/proc/filesystems': 'nodev\toverlay\n',
  '/proc/sys/net/bridge/bridge-nf-call-iptables': '1\n',
};

const stock: DoctorSystem = {
  platform: 'linux',
  architecture: 'x64',
  isRoot: true,
  hostname: 'shop-7',
  memoryBytes: 2 ** 32,
  freeMemoryBytes: 2 ** 31,
  text: async (path) => files[path],
  exists: (path) => path.startsWith('/usr/lib/cni/'),
  freeBytes: async () => 2 ** 34,
  program: (name) => `/usr/sbin/${name}`,
  run: async () => '',
  portTaken: async () => false,
};

async function found(system: Partial<DoctorSystem>, environment = {}) {
  const examined = await examine({
    dataDirectory: '/nowhere/skerry',
    runtimeEndpoint: 'unix:///nowhere/containerd.sock',
    environment,
    system: { ...stock, ...system },
    clock: systemClock,
  });
  return Object.fromEntries(
    examined
      .filter(({ finding }) => finding.state !== 'ok')
      .map(({ title, finding }) => [title, 'code' in finding ? `${finding.state} ${finding.code}` : '']),
  );
}

const noRuntime = { 'container runtime': 'failed runtime-missing' };

test('a stock machine lacks only what it lacks', async () => {
  expect(await found({})).toEqual(noRuntime);
});

test.each<[string, Partial<DoctorSystem>, Record<string, string>]>([
  ['another system', { platform: 'darwin' }, { system: 'failed system-unsupported' }],
  ['a name that no node can have', { hostname: 'Shop_7' }, { 'node name': 'failed node-name-invalid' }],
  ['a full disk', { freeBytes: async () => 1000 }, { disk: 'failed disk-full' }],
  ['little memory', { memoryBytes: 2 ** 26 }, { memory: 'warning memory-small' }],
  [
    'no accounting of memory',
    { text: async (path) => (path.endsWith('controllers') ? 'cpu pids\n' : files[path]) },
    { 'control groups': 'failed cgroup-missing' },
  ],
  [
    'few watches of files',
    { text: async (path) => (path.includes('inotify') ? '128\n' : files[path]) },
    { 'watches of files': 'warning inotify-few' },
  ],
  [
    'no nft',
    { program: (name) => (name === 'nft' ? undefined : name) },
    { programs: 'failed program-missing', 'packet filter': 'warning check-not-made' },
  ],
  ['no plugins', { exists: () => false }, { 'network plugins': 'failed program-missing' }],
  ['a port in use', { portTaken: async (port) => port === 10_261 }, { ports: 'failed port-taken' }],
  [
    'a kernel without VXLAN',
    {
      run: async (_, args) => {
        if (args.includes('vxlan')) throw new Error('unshare: RTNETLINK answers: Operation not supported');
        return '';
      },
    },
    { tunnels: 'warning kernel-feature-missing' },
  ],
  [
    'a kernel that does not take our rules',
    {
      run: async (_, args) => {
        if (args.includes('nft')) throw new Error('nft: Error: Could not process rule');
        return '';
      },
    },
    { 'packet filter': 'failed kernel-feature-missing' },
  ],
  [
    'a machine on which a try takes too long',
    {
      run: async (_, args) => {
        if (args.includes('nft')) throw new SkerryError('command-timeout', 'nft: did not end within 30 s');
        return '';
      },
    },
    { 'packet filter': 'warning check-not-made' },
  ],
])('%s is said', async (_, system, expected) => {
  expect(await found(system)).toEqual({ ...noRuntime, ...expected });
});

test('without root, what could not be tried is not called missing', async () => {
  expect(await found({ isRoot: false })).toEqual({
    ...noRuntime,
    rights: 'failed not-root',
    'pod network': 'warning check-not-made',
    'packet filter': 'warning check-not-made',
    tunnels: 'warning check-not-made',
  });
});

test('a proxy that is no URL is a fault, and its password is not shown', async () => {
  expect(await found({}, { HTTPS_PROXY: 'nonsense' })).toEqual({
    ...noRuntime,
    proxy: 'failed proxy-invalid',
  });
  const examined = await examine({
    dataDirectory: '/nowhere/skerry',
    runtimeEndpoint: 'simulated',
    environment: { HTTPS_PROXY: 'http://user:secret@proxy.example:3128' },
    system: stock,
    clock: systemClock,
  });
  expect(JSON.stringify(examined)).toContain('proxy.example:3128');
  expect(JSON.stringify(examined)).not.toContain('secret');
});

test.each<[string, Record<string, string>, string]>([
  ['in the clear', { HTTPS_PROXY: 'http://a:3128' }, 'the link goes through a:3128, by HTTPS_PROXY of'],
  ['over TLS', { https_proxy: 'https://a:3129' }, 'goes through a:3129, spoken to over TLS, by HTTPS_PROXY'],
  [
    'but not to this center',
    { HTTPS_PROXY: 'http://a', NO_PROXY: '127.0.0.0/8' },
    'none to 127.0.0.1, by NO_PROXY',
  ],
  ['never', {}, 'none'],
])('a proxy is spoken to %s', async (_, environment, expected) => {
  const examined = await examine({
    dataDirectory: '/nowhere/skerry',
    runtimeEndpoint: 'simulated',
    address: { host: expected.includes('127') ? '127.0.0.1' : 'center.invalid', port: 1, text: 'center' },
    environment,
    system: stock,
    clock: systemClock,
  });
  const proxy = examined.find(({ title }) => title === 'proxy')?.finding;
  expect(proxy).toMatchObject({ state: 'ok', detail: expect.stringContaining(expected) as string });
});

test('a proxy that does not answer is told apart from a center that does not', async () => {
  const environment = { HTTPS_PROXY: 'http://127.0.0.1:1' };
  const address = { host: 'center.invalid', port: 6443, text: 'center.invalid:6443' };
  const options = { dataDirectory: '/nowhere/skerry', runtimeEndpoint: 'simulated', address };
  const examined = await examine({ ...options, environment, system: stock, clock: systemClock });
  const center = examined.find(({ title }) => title === 'center')?.finding;
  expect(center).toMatchObject({
    state: 'failed',
    code: 'link-proxy',
    detail: expect.stringContaining(
      'through the proxy 127.0.0.1:1: nothing listens there: is the proxy',
    ) as string,
    mend: expect.stringContaining('NO_PROXY') as string,
  });
});

test('a join is refused with all faults, unless they are to be ignored', async () => {
  const join = (ignored: string[]) =>
    requireFit(
      {
        dataDirectory: '/nowhere/skerry',
        runtimeEndpoint: 'unix:///nowhere/containerd.sock',
        environment: {},
        system: { ...stock, exists: () => false, freeBytes: async () => 1000 },
        clock: systemClock,
      },
      ignored,
    );
  await expect(join([])).rejects.toThrow(/0 MiB free .*no container runtime at .*no CNI plugin bridge/);
  await expect(join(['disk-full', 'runtime-missing'])).rejects.toThrow(/^no CNI plugin bridge/);
  await expect(join(['disk-full', 'runtime-missing', 'program-missing'])).resolves.toBeUndefined();
  await expect(join(['all'])).resolves.toBeUndefined();
});
