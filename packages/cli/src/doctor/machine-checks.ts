/** What must hold of the machine itself: system, rights, programs, room, control groups, clock, ports. */
import { isAbsolute } from 'node:path';
import type { Check } from '#doctor/finding.ts';
import { failed, ok, warning } from '#doctor/finding.ts';
import { requireNodeName, requireSystem } from '#join/precondition.ts';
import { describeError } from '@skerry/base';

const mebibyte = 1 << 20;
const memoryNeededBytes = 256 * mebibyte;
const diskNeededBytes = 1024 * mebibyte;
const inotifyInstancesWanted = 512;

/** Program → the Debian package that has it, and what is lost without it. */
const programs: readonly {
  readonly name: string;
  readonly packaged: string;
  readonly needed: boolean;
  readonly why: string;
}[] = [
  { name: 'ip', packaged: 'iproute2', needed: true, why: 'pods get no network' },
  { name: 'nft', packaged: 'nftables', needed: true, why: 'pods get no network' },
  {
    name: 'conntrack',
    packaged: 'conntrack',
    needed: false,
    why: 'datagrams to a Service reach endpoints that have gone for as long as their sender keeps on',
  },
  {
    name: 'arping',
    packaged: 'iputils-arping',
    needed: false,
    why: 'neighbours learn late when the address of a load balancer moves',
  },
  { name: 'nsenter', packaged: 'util-linux', needed: true, why: 'port-forward does not work' },
  { name: 'mount', packaged: 'mount', needed: true, why: 'volumes can not be mounted' },
  { name: 'sysctl', packaged: 'procps', needed: true, why: 'packets are not forwarded to pods' },
];

export const systemCheck: Check = {
  title: 'system',
  async look({ platform, architecture, text }) {
    try {
      requireSystem({ platform, architecture });
    } catch (error) {
      return failed(
        'system-unsupported',
        describeError(error),
        'Use a machine with Linux on amd64 or arm64.',
      );
    }
    const name = /^PRETTY_NAME="?([^"\n]*)"?$/m.exec((await text('/etc/os-release')) ?? '')?.[1] ?? 'Linux';
    const kernel = ((await text('/proc/sys/kernel/osrelease')) ?? '').trim();
    return ok(`${name}, kernel ${kernel || 'unknown'}, ${architecture === 'x64' ? 'amd64' : architecture}`);
  },
};

export const rightsCheck: Check = {
  title: 'rights',
  async look({ isRoot }) {
    return isRoot
      ? ok('root')
      : failed(
          'not-root',
          'this is not root, which the agent and some of these checks need',
          'Run it with sudo.',
        );
  },
};

export function nodeNameCheck(nodeName: string | undefined): Check {
  return {
    title: 'node name',
    async look({ hostname }) {
      const name = nodeName ?? hostname.toLowerCase();
      try {
        requireNodeName(name);
        return ok(name);
      } catch (error) {
        return failed(
          'node-name-invalid',
          describeError(error),
          'Choose one with --node-name, or give the machine another host name.',
        );
      }
    },
  };
}

export const programsCheck: Check = {
  title: 'programs',
  async look({ program }) {
    const missing = programs.filter(({ name }) => program(name) === undefined);
    if (missing.length === 0) return ok(programs.map(({ name }) => name).join(', '));
    const words = missing.map(({ name, why }) => `${name} (without it ${why})`).join(', ');
    const packages = [...new Set(missing.map(({ packaged }) => packaged))].join(' ');
    return failed(
      'program-missing',
      `missing: ${words}`,
      `apt-get install ${packages}, or what your distribution calls them.`,
    );
  },
};

export const memoryCheck: Check = {
  title: 'memory',
  async look({ memoryBytes, freeMemoryBytes }) {
    const amounts = `${inMebibytes(memoryBytes)}, ${inMebibytes(freeMemoryBytes)} free`;
    return memoryBytes >= memoryNeededBytes
      ? ok(amounts)
      : warning(
          'memory-small',
          `${amounts}; agent and container runtime alone take about 150 MiB`,
          'Expect few pods here, or give the machine more memory.',
        );
  },
};

export function diskCheck(dataDirectory: string): Check {
  return {
    title: 'disk',
    async look(system) {
      const bytes = await system.freeBytes(dataDirectory);
      const detail = `${inMebibytes(bytes)} free for ${dataDirectory}`;
      return bytes >= diskNeededBytes
        ? ok(detail)
        : failed('disk-full', detail, `Make at least 1 GiB free, or choose another folder with --data-dir.`);
    },
  };
}

export const cgroupCheck: Check = {
  title: 'control groups',
  async look({ text }) {
    const mounts = (await text('/proc/self/mounts')) ?? '';
    if (/^\S+ \/sys\/fs\/cgroup cgroup2 /m.test(mounts)) {
      const controllers = ((await text('/sys/fs/cgroup/cgroup.controllers')) ?? '').trim().split(/\s+/);
      const missing = ['cpu', 'memory', 'pids'].filter((name) => !controllers.includes(name));
      return missing.length === 0
        ? ok('version 2')
        : failed(
            'cgroup-missing',
            `version 2 without ${missing.join(', ')}`,
            'Enable them; some boards need cgroup_enable=memory on the kernel command line.',
          );
    }
    const missing = ['cpu', 'memory', 'pids'].filter((name) => !hasController(mounts, name));
    return missing.length === 0
      ? ok('version 1')
      : failed(
          'cgroup-missing',
          `no control group for ${missing.join(', ')}`,
          'Mount /sys/fs/cgroup as the distribution does; some boards need cgroup_enable=memory on the kernel command line.',
        );
  },
};

export const limitsCheck: Check = {
  title: 'watches of files',
  async look({ text }) {
    const instances = Number(await text('/proc/sys/fs/inotify/max_user_instances'));
    return !(instances < inotifyInstancesWanted)
      ? ok(`${instances || 'unknown number of'} inotify instances`)
      : warning(
          'inotify-few',
          `only ${instances} inotify instances; with many pods, programs fail with "too many open files"`,
          `sysctl -w fs.inotify.max_user_instances=${inotifyInstancesWanted}, and the same in /etc/sysctl.d.`,
        );
  },
};

/** The agent's ports on loopback and between pool members. */
export const portsCheck: Check = {
  title: 'ports',
  async look({ portTaken }) {
    const wanted = [
      [10_261, '127.0.0.1'],
      [10_267, '127.0.0.1'],
      [10_269, '0.0.0.0'],
    ] as const;
    const taken = await Promise.all(wanted.map(([port, address]) => portTaken(port, address)));
    const busy = wanted.filter((_, at) => taken[at]).map(([port]) => port);
    return busy.length === 0
      ? ok(`${wanted.map(([port]) => port).join(', ')} are free`)
      : failed(
          'port-taken',
          `something listens on ${busy.join(' and ')} already`,
          'Stop it (`ss -ltnp` names it); another node agent or a former yurthub uses these ports.',
        );
  },
};

export function dataDirectoryCheck(dataDirectory: string): Check {
  return {
    title: 'data directory',
    async look() {
      return isAbsolute(dataDirectory)
        ? ok(dataDirectory)
        : failed('data-directory-unusable', `${dataDirectory} is no absolute path`, 'Name it from / on.');
    },
  };
}

function hasController(mounts: string, controller: string): boolean {
  return mounts
    .split('\n')
    .some((line) => / cgroup /.test(line) && (line.split(' ')[3] ?? '').split(',').includes(controller));
}

function inMebibytes(bytes: number): string {
  return bytes >= 10 * 1024 * mebibyte
    ? `${Math.floor(bytes / mebibyte / 1024)} GiB`
    : `${Math.floor(bytes / mebibyte)} MiB`;
}
