import { access, constants } from 'node:fs/promises';
import { SkerryError } from '@skerry/base';

export type RuntimeChoice =
  | { readonly kind: 'containerd' }
  | { readonly kind: 'simulated'; readonly why?: string };

const programs = [
  ['containerd', ['/usr/bin/containerd', '/usr/local/bin/containerd']],
  ['runc', ['/usr/sbin/runc', '/usr/bin/runc', '/usr/local/sbin/runc']],
  ['CNI plugins', ['/usr/lib/cni/bridge', '/opt/cni/bin/bridge']],
  ['ip', ['/sbin/ip', '/usr/sbin/ip', '/bin/ip', '/usr/bin/ip']],
  ['nft', ['/usr/sbin/nft', '/sbin/nft']],
  ['nsenter', ['/usr/bin/nsenter']],
  ['busybox (static)', ['/bin/busybox', '/usr/bin/busybox']],
] as const;

/** What this machine can run. Fails when containerd is asked for and can't be had, saying what is missing. */
export async function detectRuntime(wanted: 'auto' | 'containerd' | 'simulated'): Promise<RuntimeChoice> {
  if (wanted === 'simulated') return { kind: 'simulated', why: 'asked for with --runtime simulated' };
  const why = await whyNoContainers();
  if (why === undefined) return { kind: 'containerd' };
  if (wanted === 'containerd') {
    throw new SkerryError(
      'runtime-missing',
      `--runtime containerd: ${why}; install it or use --runtime simulated`,
    );
  }
  return { kind: 'simulated', why };
}

async function whyNoContainers(): Promise<string | undefined> {
  if (process.platform !== 'linux') return `this is ${process.platform}, not Linux`;
  if (process.getuid?.() !== 0) return 'not running as root';
  const missing: string[] = [];
  for (const [name, places] of programs) if (!(await anyExists(places))) missing.push(name);
  return missing.length > 0 ? `missing here: ${missing.join(', ')}` : undefined;
}

async function anyExists(places: readonly string[]): Promise<boolean> {
  for (const place of places) {
    try {
      await access(place, constants.X_OK);
      return true;
    } catch {
      // Perhaps elsewhere.
    }
  }
  return false;
}
