import { join } from 'node:path';

export interface ContainerdConfig {
  /** Everything of this containerd lies below it. */
  readonly directory: string;
  readonly cniBinDirectory: string;
  readonly cniConfDirectory: string;
  readonly sandboxImage: string;
  readonly snapshotter: 'overlayfs' | 'native';
  /** Whether processes may be put before others in the line of the out-of-memory killer; not so in many nested machines. */
  readonly lowersOomScore: boolean;
}

/** A Unix socket's path has at most 107 bytes. */
const socketPathMax = 107;

export interface ContainerdPaths {
  readonly config: string;
  readonly root: string;
  readonly state: string;
  readonly socket: string;
  readonly registries: string;
  readonly log: string;
  readonly pid: string;
}

export function containerdPaths(directory: string): ContainerdPaths {
  const socket = join(directory, 'containerd.sock');
  if (Buffer.byteLength(`${socket}.ttrpc`) > socketPathMax) {
    throw new Error(
      `${directory} is too long for a socket in it (${socketPathMax} bytes at most): choose a shorter folder`,
    );
  }
  return {
    config: join(directory, 'config.toml'),
    root: join(directory, 'root'),
    state: join(directory, 'state'),
    socket,
    registries: join(directory, 'certs.d'),
    log: join(directory, 'containerd.log'),
    pid: join(directory, 'containerd.json'),
  };
}

/**
 * Configuration of a containerd (1.6 and 1.7 read it) that shares nothing with another on the same machine: network
 * namespaces and runc's state, which otherwise go to common places in /run, are kept below its own state folder.
 * https://github.com/containerd/containerd/blob/main/docs/cri/config.md
 */
export function containerdConfig(config: ContainerdConfig): string {
  const paths = containerdPaths(config.directory);
  const text = (value: string) => JSON.stringify(value);
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  return [
    'version = 2',
    `root = ${text(paths.root)}`,
    `state = ${text(paths.state)}`,
    'disabled_plugins = [' +
      ['aufs', 'btrfs', 'devmapper', 'zfs']
        .map((name) => text(`io.containerd.snapshotter.v1.${name}`))
        .join(', ') +
      ', "io.containerd.internal.v1.opt", "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing"]',
    '',
    '[grpc]',
    `address = ${text(paths.socket)}`,
    '',
    `[${cri}]`,
    `sandbox_image = ${text(config.sandboxImage)}`,
    'stream_server_address = "127.0.0.1"',
    'stream_server_port = "0"',
    'netns_mounts_under_state_dir = true',
    'enable_unprivileged_ports = true',
    'enable_unprivileged_icmp = true',
    `restrict_oom_score_adj = ${!config.lowersOomScore}`,
    'max_container_log_line_size = 16384',
    '',
    `[${cri}.cni]`,
    `bin_dir = ${text(config.cniBinDirectory)}`,
    `conf_dir = ${text(config.cniConfDirectory)}`,
    'max_conf_num = 1',
    '',
    `[${cri}.containerd]`,
    `snapshotter = ${text(config.snapshotter)}`,
    'default_runtime_name = "runc"',
    'discard_unpacked_layers = false',
    '',
    `[${cri}.containerd.runtimes.runc]`,
    'runtime_type = "io.containerd.runc.v2"',
    '',
    `[${cri}.containerd.runtimes.runc.options]`,
    'SystemdCgroup = false',
    `Root = ${text(join(paths.state, 'runc'))}`,
    '',
    `[${cri}.registry]`,
    `config_path = ${text(paths.registries)}`,
    '',
  ].join('\n');
}
