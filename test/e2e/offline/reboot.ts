/** A cut during which machines lose their power: pods come back from the disk, and what changed meanwhile is caught up with. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@skerry/base/testing';
import { expect, onTestFinished, test } from 'vitest';
import { type CutRegion, patient } from './cut-region.ts';
import { image, pod } from './objects.ts';
import { isServedFromDiskTo, isServedTo } from './pod-api.ts';

export function rebootsWhileCut(cut: () => CutRegion): void {
  test('keeps its pods running and the API open to them, brings them back after a reboot, and then takes over exactly what changed meanwhile', async () => {
    const region = cut();
    await isServedTo(region, 'full');
    const before = await region.pods();
    await areServed(region, 'full');
    await region.regions.setLine('east', 'down');
    try {
      const [crashed] = await region.containers('changes');
      await region.inRuntime(region.node, (runtime) => runtime.stopContainer(crashed?.id ?? '', 0));
      await eventually(async () => {
        const [again] = await region.containers('changes');
        expect(again?.id).not.toBe(crashed?.id);
        expect(again?.state).toBe('running');
      }, patient);
      expect((await region.containers('full'))[0]?.id).toBe(before['full']?.container);

      await region.cluster.kubectlOk('delete', 'pod', 'goes', '--wait=false');
      await region.cluster.kubectlOk('label', 'pod', 'changes', 'round=second');
      const created = await region.cluster.kubectl(['apply', '-f', '-'], { input: pod('comes') });
      expect(created.errors).toBe('');
      await region.cluster.kubectlOk(
        'patch',
        'configmap',
        'settings',
        '-p',
        '{"data":{"greeting":"welcome"}}',
      );
      await Promise.all(['east-1', 'east-2'].map((machine) => region.reboot(machine)));
      for (const name of ['full', 'changes', 'goes']) {
        await eventually(
          async () => expect((await region.containers(name))[0]?.state).toBe('running'),
          patient,
        );
      }
      expect(await region.inside('full', '/settings/greeting')).toBe('hello');
      expect(await region.inside('full', '/password/word')).toBe('open-sesame');
      const token = '/var/run/secrets/kubernetes.io/serviceaccount/token';
      expect(await region.inside('full', token)).toMatch(/^[\w-]+\./);
      expect(await region.containers('comes')).toEqual([]);
      for (const [name, machine] of [
        ['near', 'east-1'],
        ['far', 'east-2'],
      ] as const) {
        await eventually(async () => expect(await region.addressOf(name, machine)).toBeDefined(), patient);
        expect(await region.addressOf(name, machine)).not.toBe(before[name]?.address);
      }
      await areServed(region, 'full');
      await isServedFromDiskTo(region, 'full');
      await toolsWork(region);
    } finally {
      await region.regions.setLine('east', 'up');
    }
    const [afterReboot] = await region.containers('full');
    await eventually(async () => {
      const now = await region.pods();
      expect(Object.keys(now).sort()).toEqual(['changes', 'comes', 'far', 'full', 'near']);
      for (const each of Object.values(now)) expect(each.ready).toBe('True');
      expect(now['full']).toMatchObject({ uid: before['full']?.uid, container: afterReboot?.id });
      expect(await region.readyOfNode()).toBe('True');
    }, patient);
    await eventually(async () => {
      expect(await region.inside('full', '/settings/greeting')).toBe('welcome');
      expect((await region.local('edit')).output).not.toContain('settings');
    }, patient);
    expect((await region.containers('full'))[0]?.id).toBe(afterReboot?.id);
    await isServedTo(region, 'full');
    expect((await region.cluster.kubectl(['get', 'configmap', 'meanwhile'])).errors).toContain('NotFound');
  });
}

/** Services of the same machine and of another one of the pool, and their names, as a pod has them. */
async function areServed(region: CutRegion, name: string): Promise<void> {
  const addresses = await Promise.all([
    region.addressOf('near', 'east-1'),
    region.addressOf('far', 'east-2'),
  ]);
  for (const served of ['near', 'far'])
    await eventually(async () => {
      const { output } = await region.execIn(
        name,
        'timeout',
        '3',
        'wget',
        '-q',
        '-O',
        '-',
        `http://${served}/`,
      );
      expect(output).toBe(served);
    }, patient);
  await eventually(async () => {
    const { output } = await region.execIn(name, 'nslookup', 'both.default.svc.cluster.local');
    for (const address of addresses) expect(output).toContain(`Address: ${address}`);
  }, patient);
  for (const address of addresses) {
    const host = `${address?.replaceAll('.', '-')}.both.default.svc.cluster.local`;
    expect((await region.execIn(name, 'nslookup', host)).output).toContain(`Address: ${address}`);
  }
}

/** What a person on the machine has. */
async function toolsWork(region: CutRegion): Promise<void> {
  expect((await region.local('pods')).output).toMatch(/default +full +1\/1 +Running/);
  expect((await region.local('images')).output).toContain(image);
  expect(await region.local('exec', 'full', 'cat', '/settings/greeting')).toMatchObject({
    code: 0,
    output: 'hello',
  });
  expect(await region.local('exec', 'full', 'sh', '-c', 'exit 3')).toMatchObject({ code: 3 });
  expect(await region.local('logs', 'full')).toMatchObject({ code: 0 });
  const [before] = await region.containers('goes');
  expect((await region.local('restart', 'goes')).output).toContain('container main');
  await eventually(async () => {
    const [again] = await region.containers('goes');
    expect([again?.state, again?.id === before?.id]).toEqual(['running', false]);
  }, patient);
  const directory = mkdtempSync(join(tmpdir(), 'skerry-edit-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, 'settings.yaml');
  writeFileSync(file, 'data: { greeting: edited }');
  expect((await region.local('edit', 'configmap', 'settings', '-f', file)).errors).toBe('');
  expect((await region.local('edit')).output).toMatch(/configmaps +default +settings/);
  await eventually(
    async () => expect(await region.inside('full', '/settings/greeting')).toBe('edited'),
    patient,
  );
}
