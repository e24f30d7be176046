/**
 * Who makes the control groups of containers: the runtime itself in the file system, or systemd, which it asks. The agent names
 * groups by their paths, as the first takes them; the second wants names of slices, and starts no pod without.
 */
import { credentials, Metadata } from '@grpc/grpc-js';
import { call } from '#cri/call.ts';
import { CgroupDriver, RuntimeServiceClient } from '#cri/generated/cri.ts';

const timeoutMs = 10_000;

/** Undefined where the runtime doesn't say. */
export async function readCgroupDriver(socket: string): Promise<'cgroupfs' | 'systemd' | undefined> {
  const options = { 'grpc.default_authority': 'localhost' };
  const runtime = new RuntimeServiceClient(`unix:${socket}`, credentials.createInsecure(), options);
  const reading = (name: string) => ({ name, metadata: new Metadata(), timeoutMs });
  try {
    const asked = call(runtime.runtimeConfig.bind(runtime), {}, reading('RuntimeConfig'));
    // Runtimes before CRI 1.28 don't know it.
    const { linux } = await asked.catch(() => ({ linux: undefined }));
    if (linux) return linux.cgroupDriver === CgroupDriver.CGROUPFS ? 'cgroupfs' : 'systemd';
    const { info } = await call(runtime.status.bind(runtime), { verbose: true }, reading('Status'));
    return cgroupDriverIn(info?.['config']);
  } finally {
    runtime.close();
  }
}

interface ContainerdConfig {
  readonly containerd?: {
    readonly defaultRuntimeName?: string;
    readonly runtimes?: Readonly<Record<string, { readonly options?: { readonly SystemdCgroup?: boolean } }>>;
  };
}

/** What containerd tells of its configuration in a verbose status. */
export function cgroupDriverIn(config: string | undefined): 'cgroupfs' | 'systemd' | undefined {
  if (config === undefined) return undefined;
  const { containerd } = JSON.parse(config) as ContainerdConfig;
  const runtime = containerd?.runtimes?.[containerd.defaultRuntimeName ?? 'runc'];
  if (!runtime) return undefined;
  return runtime.options?.SystemdCgroup === true ? 'systemd' : 'cgroupfs';
}
