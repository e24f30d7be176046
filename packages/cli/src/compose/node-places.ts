/**
 * Where an agent has things of its machine outside its data directory. It may be told others than the usual places by flags,
 * and remembers them, so that a reset finds what is there without being told again.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isRecord } from '@skerry/base';
import { writeFileAtomically } from '@skerry/pki';
import { defaultCniConfDirectory } from './pod-network.ts';

export interface NodePlaces {
  readonly kubeletDirectory: string;
  readonly cniConfDirectory: string;
  /** Control group of all pods. */
  readonly cgroupRoot: string;
}

export const defaultKubeletDirectory = '/var/lib/kubelet';

export function cgroupRootOf(nodeName: string): string {
  return `/skerry/${nodeName}`;
}

export async function rememberPlaces(dataDirectory: string, places: NodePlaces): Promise<void> {
  await mkdir(dataDirectory, { recursive: true });
  const text = JSON.stringify(places);
  if ((await readFile(fileIn(dataDirectory), 'utf8').catch(() => '')) === text) return;
  await writeFileAtomically(fileIn(dataDirectory), text, { mode: 0o644 });
}

/** The usual ones where nothing is remembered. */
export async function rememberedPlaces(dataDirectory: string, nodeName: string): Promise<NodePlaces> {
  const known = parsed(await readFile(fileIn(dataDirectory), 'utf8').catch(() => ''));
  const place = (name: keyof NodePlaces, usual: string) => {
    const value = known[name];
    return typeof value === 'string' && value.startsWith('/') ? value : usual;
  };
  return {
    kubeletDirectory: place('kubeletDirectory', defaultKubeletDirectory),
    cniConfDirectory: place('cniConfDirectory', defaultCniConfDirectory),
    cgroupRoot: place('cgroupRoot', cgroupRootOf(nodeName)),
  };
}

function fileIn(dataDirectory: string): string {
  return join(dataDirectory, 'places.json');
}

function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}
