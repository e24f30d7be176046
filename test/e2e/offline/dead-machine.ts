/** One machine loses its power and one its line alone: which is which, who takes their addresses, and a rollout meanwhile. */
import { eventually } from '@skerry/base/testing';
import { expect, test } from 'vitest';
import { answeredBy, electedFor, offerAddresses } from './balanced-addresses.ts';
import { type CutRegion, patient } from './cut-region.ts';
import { killAtOnce } from './power.ts';
import { rolling } from './rollouts.ts';

export function machineDies(cut: () => CutRegion): void {
  test('tells a machine without power from one without a line, and a rollout leaves both out until they are back', async () => {
    const region = cut();
    const cutOff = ['east-4', 'east-5'];
    await region.apply(rolling('first'));
    await eventually(async () => {
      const rounds = Object.values(await region.roundsOf());
      expect(rounds.map(({ round, isReady }) => round === 'first' && isReady)).toEqual(
        Array.from({ length: 5 }, () => true),
      );
    }, patient);
    const first = await region.roundsOf();
    let second: typeof first = {};
    await offerAddresses(region, cutOff);
    await region.regions.inside('east-4', 'ip', 'route', 'delete', 'default');
    await region.regions.inside('east-5', 'ip', 'link', 'set', 'eth0', 'down');
    const { [`agent-east-5`]: agent = 0 } = await region.cluster.processes();
    killAtOnce(agent);
    try {
      await eventually(async () => {
        for (const machine of cutOff) {
          expect(await region.conditionOf(machine, 'Ready')).toMatchObject({ status: 'Unknown' });
          expect(await region.conditionOf(machine, 'Disconnected')).toMatchObject({ status: 'True' });
        }
        expect(await region.conditionOf('east-5', 'Dead')).toMatchObject({
          status: 'True',
          reason: 'PeersSilent',
        });
        expect((await region.conditionOf('east-4', 'Disconnected'))?.message).toContain(
          'machines of its pool hear it',
        );
      }, patient);
      await region.apply(rolling('second'));
      await eventually(async () => {
        for (const [machine, { round, isReady }] of Object.entries(await region.roundsOf()))
          if (!cutOff.includes(machine)) expect([machine, round, isReady]).toEqual([machine, 'second', true]);
      }, patient);
      second = await region.roundsOf();
      for (const machine of cutOff) expect(second[machine]?.uid).toBe(first[machine]?.uid);
      expect(await region.conditionOf('east-4', 'Dead')).toBeUndefined();
      // Of the dead machine another has it; the one that lost its line alone still answers, and nobody beside it.
      await eventually(
        async () => expect(await answeredBy(region, 'east-5')).toMatch(/^east-[123]$/),
        patient,
      );
      await eventually(
        async () => expect(await electedFor(region, 'east-4')).toMatch(/^east-[123]$/),
        patient,
      );
      expect(await answeredBy(region, 'east-4')).toBe('east-4');
    } finally {
      await region.regions.inside('east-5', 'ip', 'link', 'set', 'eth0', 'up');
      for (const machine of cutOff)
        await region.regions.inside(machine, 'ip', 'route', 'replace', 'default', 'via', '192.168.0.1');
    }
    await eventually(async () => {
      for (const machine of cutOff)
        expect(await region.conditionOf(machine, 'Ready')).toMatchObject({ status: 'True' });
      expect(await region.conditionOf('east-5', 'Dead')).toMatchObject({ status: 'False' });
      for (const [machine, { round, isReady, uid }] of Object.entries(await region.roundsOf())) {
        expect([machine, round, isReady]).toEqual([machine, 'second', true]);
        // Those that had finished are left alone.
        if (!cutOff.includes(machine)) expect(uid).toBe(second[machine]?.uid);
      }
      for (const machine of cutOff) {
        const elected = await electedFor(region, machine);
        expect(elected).toMatch(/^east-[123]$/);
        expect(await answeredBy(region, machine)).toBe(elected);
      }
    }, patient);
  });
}
