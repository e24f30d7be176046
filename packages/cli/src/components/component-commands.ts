/** What `skerry component` does: plans by itself, changes by way of Component objects, which the center works on. */
import { readFile } from 'node:fs/promises';
import { type Clock, silentLogger, SkerryError } from '@skerry/base';
import {
  AddressRules,
  centerResources,
  type Cluster,
  ComponentService,
  guardedDial,
  ownClusterLabel,
} from '@skerry/center';
import { sayingText } from '@skerry/center/contract';
import type { ApiClient } from '@skerry/client';
import { parse } from 'yaml';
import { followTask } from '#clusters/follow-task.ts';
import type { ComponentFlags } from '#commands/component.ts';
import { componentOptions } from '#compose/component-options.ts';
import { openInstallation } from '#compose/installation.ts';
import { localAdmin, managementClient } from '#compose/management-credential.ts';
import type { DataDirectory } from '#data-directory.ts';
import type { Report } from '#terminal/report.ts';
import { table } from '#terminal/table.ts';

export async function listComponents(
  data: DataDirectory,
  { cluster, output, clock }: { cluster?: string; output: string; clock: Clock },
): Promise<string> {
  return withService(data, clock, async (service, client) => {
    const entries = await service.entries(await clusterOf(client, cluster));
    if (output === 'json') return `${JSON.stringify(entries, null, 2)}\n`;
    return table(
      ['NAME', 'NEWEST', 'INSTALLED', 'STATE', 'TITLE'],
      entries.map(({ name, versions, installed, title }) => [
        name,
        versions[0] ?? '',
        installed?.version ?? '-',
        installed?.state.state ?? '-',
        title,
      ]),
    );
  });
}

export async function changeComponent(
  data: DataDirectory,
  given: {
    name: string;
    action: 'install' | 'upgrade' | 'configure' | 'remove';
    flags: ComponentFlags;
    clock: Clock;
    report: Report;
  },
): Promise<void> {
  const { name, action, flags, clock, report } = given;
  await withService(data, clock, async (service, client) => {
    const request = {
      cluster: await clusterOf(client, flags.cluster),
      component: name,
      action,
      ...(flags.version === undefined ? {} : { version: flags.version }),
      ...(action === 'remove' ? {} : { values: await valuesOf(flags) }),
    };
    if (flags.dryRun) {
      const { changes, refused } = await service.plan(request);
      for (const { object, change, diff } of changes) {
        report.line(`${change} ${object}`);
        report.line(diff.replaceAll(/^/gm, '  '));
      }
      if (changes.length === 0) report.line('nothing would change');
      if (refused.length > 0) throw new SkerryError('component-in-use', sayingText(refused));
      return;
    }
    const task = await service.start(request, localAdmin);
    if (task !== '') await followTask(client, task, { clock, report });
  });
}

async function withService<T>(
  data: DataDirectory,
  clock: Clock,
  use: (service: ComponentService, client: ApiClient) => Promise<T>,
): Promise<T> {
  const client = managementClient(data, clock);
  try {
    const { config } = await openInstallation(data, clock);
    const dial = guardedDial(new AddressRules(config.importAllow ?? []));
    const parts = { data, client, config, dial, clock, log: silentLogger };
    return await use(new ComponentService(componentOptions(parts)), client);
  } finally {
    client.close();
  }
}

/** With a client of one cluster, as one who may do everything there. */
export async function withCluster<T>(
  data: DataDirectory,
  { cluster, clock }: { cluster?: string; clock: Clock },
  use: (client: ApiClient) => Promise<T>,
): Promise<T> {
  const management = managementClient(data, clock);
  try {
    const { config } = await openInstallation(data, clock);
    const dial = guardedDial(new AddressRules(config.importAllow ?? []));
    const parts = { data, client: management, config, dial, clock, log: silentLogger };
    const client = await componentOptions(parts).adminClient(await clusterOf(management, cluster));
    try {
      return await use(client);
    } finally {
      client.close();
    }
  } finally {
    management.close();
  }
}

/** The center's own unless one is named. Fails with `cluster-not-found`. */
async function clusterOf(client: ApiClient, name: string | undefined): Promise<string> {
  const { items } = await client.resource<Cluster>(centerResources.clusters).list();
  const found = items.find(({ metadata }) =>
    name === undefined ? metadata?.labels?.[ownClusterLabel] === 'true' : metadata?.name === name,
  );
  if (!found)
    throw new SkerryError(
      'cluster-not-found',
      `there is no cluster ${name}; \`skerry cluster list\` shows them`,
    );
  return found.metadata?.name ?? '';
}

/** The file, and over it what was set one by one. */
async function valuesOf({ values, set }: ComponentFlags): Promise<Record<string, unknown>> {
  const all: Record<string, unknown> = values === undefined ? {} : await readValues(values);
  for (const pair of set) {
    const at = pair.indexOf('=');
    if (at <= 0) throw new SkerryError('usage', `--set ${pair} is not name=value`);
    setAt(all, pair.slice(0, at).split('.'), parse(pair.slice(at + 1)) as unknown);
  }
  return all;
}

async function readValues(file: string): Promise<Record<string, unknown>> {
  let value: unknown;
  try {
    value = parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new SkerryError('usage', `${file} can't be read as YAML`, { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new SkerryError('usage', `${file} holds no mapping of values`);
  return value as Record<string, unknown>;
}

function setAt(target: Record<string, unknown>, [first = '', ...rest]: string[], value: unknown): void {
  if (first === '__proto__') throw new SkerryError('usage', '__proto__ is no name of a value');
  if (rest.length === 0) {
    target[first] = value;
    return;
  }
  const inner = target[first];
  const next = typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? inner : {};
  target[first] = next;
  setAt(next as Record<string, unknown>, rest, value);
}
