/** The container runtime and the plugins that it makes pods' networks with. */
import { createCriRuntime, readCgroupDriver } from '@skerry/agent';
import { describeError, SkerryError } from '@skerry/base';
import type { Check, Finding } from '#doctor/finding.ts';
import { failed, ok } from '#doctor/finding.ts';
import { requireRuntime } from '#join/precondition.ts';

const pluginFolders = ['/opt/cni/bin', '/usr/lib/cni', '/usr/libexec/cni'];
const plugins = ['bridge', 'host-local', 'loopback'];

export function runtimeCheck(endpoint: string): Check {
  return {
    title: 'container runtime',
    async look() {
      if (endpoint === 'simulated') return ok('simulated: pods run no containers');
      try {
        await requireRuntime(endpoint);
      } catch (error) {
        const code = error instanceof SkerryError ? error.code : 'runtime-unreachable';
        return failed(code, describeError(error), 'apt-get install containerd, and start it.');
      }
      const socket = endpoint.replace(/^unix:\/\//, '');
      const runtime = createCriRuntime({ socket });
      try {
        const { name, version } = await runtime.version();
        if ((await readCgroupDriver(socket)) === 'systemd') return systemdGroups(`${name} ${version}`);
        return ok(`${name} ${version} at ${endpoint}`);
      } catch (error) {
        return failed(
          'runtime-unreachable',
          `the runtime at ${endpoint} does not speak CRI: ${describeError(error)}`,
          'In /etc/containerd/config.toml, "cri" must not be among disabled_plugins (Docker\'s package puts it there); then restart containerd.',
        );
      } finally {
        runtime.close();
      }
    },
  };
}

function systemdGroups(runtime: string): Finding {
  return failed(
    'cgroup-driver',
    `${runtime} has systemd make the groups of containers, and starts no pod in those that the agent names`,
    'Set SystemdCgroup = false in /etc/containerd/config.toml (CRI-O: cgroup_manager = "cgroupfs"), and restart the runtime.',
  );
}

export const pluginsCheck: Check = {
  title: 'network plugins',
  async look({ exists }) {
    const missing = plugins.filter(
      (plugin) => !pluginFolders.some((folder) => exists(`${folder}/${plugin}`)),
    );
    if (missing.length === 0) {
      const folder = pluginFolders.find((candidate) => exists(`${candidate}/bridge`));
      return ok(`${plugins.join(', ')} in ${folder}`);
    }
    return failed(
      'program-missing',
      `no CNI plugin ${missing.join(', ')} in ${pluginFolders.join(', ')}`,
      "apt-get install containernetworking-plugins, and let the runtime's configuration name its folder.",
    );
  },
};
