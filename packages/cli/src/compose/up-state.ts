/** What `skerry up` remembers between runs: its part of the test network and the machines that it made. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeError, SkerryError } from '@skerry/base';
import { writeFileAtomically } from '@skerry/pki';
import * as z from 'zod';
import type { DataDirectory } from '#data-directory.ts';
import { machinesPerRegionMax, regionsMax } from '#regions/plan.ts';

const machineSchema = z.strictObject({
  name: z.string(),
  region: z.string(),
  pool: z.string(),
  /** GPUs that a sample device plugin offers. */
  gpus: z.int().min(0),
  /** Place in its region: the last octet of its address follows from it. */
  index: z.int().min(0),
});

const schema = z.strictObject({
  id: z.string().regex(/^[0-9a-f]{4}$/),
  subnet: z.int().min(0).max(255),
  /** What the machines run pods with; fixed when they are made. */
  runtime: z.enum(['containerd', 'simulated']).default('containerd'),
  regions: z.array(z.string()),
  machines: z.array(machineSchema),
});

export type MachineRecord = z.infer<typeof machineSchema>;
export type UpState = z.infer<typeof schema>;

export function readUpState(data: DataDirectory): UpState | undefined {
  const file = stateFile(data);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  const refuse = (why: string) =>
    new SkerryError(
      'config-invalid',
      `${file} can't be read (${why}); \`skerry reset --data-dir ${data.path}\` starts afresh`,
    );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw refuse(describeError(error));
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const faults = result.error.issues.map(
    ({ path, message }) => `${path.join('.') || 'the file'}: ${message}`,
  );
  throw refuse(faults.join('; '));
}

export async function writeUpState(data: DataDirectory, state: UpState): Promise<void> {
  await writeFileAtomically(stateFile(data), `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
}

export function newInstanceId(): string {
  return randomBytes(2).toString('hex');
}

/** The record of a machine to come; fails with `machine-exists` when the name is taken. */
export function addMachine(
  state: UpState,
  machine: Omit<MachineRecord, 'index'>,
): { state: UpState; machine: MachineRecord } {
  if (state.machines.some((other) => other.name === machine.name)) {
    throw new SkerryError(
      'machine-exists',
      `there is a machine named ${machine.name} already; choose another`,
    );
  }
  const taken = new Set(
    state.machines.filter((other) => other.region === machine.region).map((other) => other.index),
  );
  let index = 0;
  while (taken.has(index)) index++;
  const regions = state.regions.includes(machine.region) ? state.regions : [...state.regions, machine.region];
  if (index >= machinesPerRegionMax || regions.length > regionsMax) {
    throw new SkerryError(
      'usage',
      `\`skerry up\` makes ${machinesPerRegionMax} machines in a region and ${regionsMax} regions at most; for more, \`skerry sim\` simulates nodes`,
    );
  }
  const record = { ...machine, index };
  return { state: { ...state, regions, machines: [...state.machines, record] }, machine: record };
}

function stateFile(data: DataDirectory): string {
  return join(data.path, 'up.json');
}
