/** A DaemonSet whose pods are replaced at the word of each machine's owner. */
import { eventually } from '@skerry/base/testing';
import { expect, test } from 'vitest';
import { type CutRegion, patient } from './cut-region.ts';
import { owned } from './rollouts.ts';

export function ownersGiveTheirWord(cut: () => CutRegion): void {
  test('a set that waits for the word of owners is replaced where one gives it, and nowhere else', async () => {
    const region = cut();
    const all = ['east-1', 'east-2', 'east-3', 'east-4', 'east-5'];
    const waiting = async (former: string | undefined) => {
      const now = await region.roundsOf('owned');
      for (const machine of all) {
        const { needs } = now[machine] ?? {};
        expect([machine, needs?.status, needs?.message !== former]).toEqual([machine, 'True', true]);
      }
      return now;
    };
    await region.apply(owned('first'));
    await eventually(async () => {
      const now = await region.roundsOf('owned');
      expect(all.map((machine) => now[machine]?.isReady)).toEqual(all.map(() => true));
    }, patient);
    const first = await region.roundsOf('owned');
    const nameOn = (machine: string) => first[machine]?.name ?? '';

    // Nobody answers there, so that the images can't come.
    await region.apply(owned('nowhere', { from: '127.0.0.1:1/nowhere:1' }));
    const nowhere = await eventually(() => waiting(undefined), patient);
    expect((await region.local('upgrade')).output).toContain(nameOn(region.node));
    const asked = await region.localOn('east-2', 'upgrade', '--pull', nameOn('east-2'));
    expect(asked.output).toContain('Image pre-pull requested');
    await eventually(async () => {
      const { images } = (await region.roundsOf('owned'))['east-2'] ?? {};
      expect(images).toMatchObject({ status: 'False', reason: 'PullImageFail' });
    }, patient);
    const refused = await region.localOn('east-2', 'upgrade', nameOn('east-2'));
    expect([refused.code, refused.errors]).toEqual([1, expect.stringContaining('image is not ready')]);

    await region.apply(owned('second'));
    await eventually(() => waiting(nowhere[region.node]?.needs?.message), patient);
    expect((await region.local('upgrade', nameOn(region.node))).errors).toBe('');
    await eventually(async () => {
      const now = await region.roundsOf('owned');
      expect(now[region.node]).toMatchObject({ round: 'second', isReady: true });
      for (const machine of all.slice(1)) expect(now[machine]?.uid).toBe(first[machine]?.uid);
    }, patient);
  });
}
