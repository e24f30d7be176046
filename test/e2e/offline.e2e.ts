/**
 * A region whose line is cut goes on by itself: its pods run, and come back after a reboot, from what its machines have on
 * disk; what changed in the center meanwhile is caught up with once the line is mended. And its machines tell one of them that
 * lost its power from one that lost its line alone. One cluster for all of it, since its start costs more than what is tried.
 */
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { canRunContainers, soonSilent } from '../support/cluster.ts';
import { bothFamilies } from './offline/balanced-addresses.ts';
import { CutRegion } from './offline/cut-region.ts';
import { machineDies } from './offline/dead-machine.ts';
import { objects } from './offline/objects.ts';
import { ownersGiveTheirWord } from './offline/owners-word.ts';
import { rebootsWhileCut } from './offline/reboot.ts';

describe.skipIf(!canRunContainers())('a region that is cut off', () => {
  let region: CutRegion;

  beforeAll(async () => {
    region = await CutRegion.start([...soonSilent, ...bothFamilies]);
    const { cluster } = region;
    const applied = await cluster.kubectl(['apply', '-f', '-'], { input: objects });
    expect(applied.errors).toBe('');
    await cluster.kubectlOk('wait', '--for=condition=Ready', 'pod', '-l', 'app=offline', '--timeout=120s');
  });

  afterAll(() => region?.stop());

  rebootsWhileCut(() => region);
  machineDies(() => region);
  ownersGiveTheirWord(() => region);
});
