/** A pod of this machine as policies see it, and how those of before the last start are remembered. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isRecord } from '@skerry/base';
import type { Pod } from '@skerry/api';

export interface OwnPod {
  readonly uid: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly addresses: readonly string[];
  /** Those with names. */
  readonly ports: readonly { readonly name: string; readonly protocol: string; readonly number: number }[];
}

export function ownPod({ metadata, spec }: Pod, addresses: readonly string[]): OwnPod {
  const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
  return {
    uid: metadata.uid ?? '',
    namespace: metadata.namespace ?? '',
    labels: metadata.labels ?? {},
    addresses,
    ports: containers.flatMap(({ ports = [] }) =>
      ports.flatMap(({ name, protocol = 'TCP', containerPort }) =>
        name === undefined ? [] : [{ name, protocol, number: containerPort }],
      ),
    ),
  };
}

export async function loadOwnPods(file: string): Promise<OwnPod[]> {
  try {
    const value: unknown = JSON.parse(await readFile(file, 'utf8'));
    return Array.isArray(value) ? value.filter(isOwnPod) : [];
  } catch {
    return [];
  }
}

export async function saveOwnPods(file: string, pods: readonly OwnPod[]): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(`${file}.new`, JSON.stringify(pods), { mode: 0o600 });
  await rename(`${file}.new`, file);
}

function isOwnPod(value: unknown): value is OwnPod {
  return (
    isRecord(value) &&
    typeof value['uid'] === 'string' &&
    typeof value['namespace'] === 'string' &&
    isRecord(value['labels']) &&
    Array.isArray(value['addresses']) &&
    Array.isArray(value['ports'])
  );
}
