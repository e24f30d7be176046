import type { Command } from 'commander';
import { addAgentCommand } from './agent.ts';
import { bareProgram } from './bare-program.ts';
import { addDoctorCommand } from './doctor.ts';
import { addHubCommand } from './hub.ts';
import { addJoinCommand } from './join.ts';
import { addLocalCommands } from './local.ts';
import { addUpgradeCommand } from './release.ts';
import { addResetCommand } from './reset.ts';

/** The commands of a machine that joins, with the same flags as in the whole program. */
export function createMachineProgram(): Command {
  const program = bareProgram();
  addDoctorCommand(program);
  addJoinCommand(program);
  addAgentCommand(program);
  addUpgradeCommand(program);
  addLocalCommands(program);
  addHubCommand(program);
  addResetCommand(program);
  return program;
}
