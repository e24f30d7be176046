import type { Command } from 'commander';
import { addAgentCommand } from './agent.ts';
import { addBackupCommands } from './backup.ts';
import { bareProgram } from './bare-program.ts';
import { addClusterCommand } from './cluster.ts';
import { addComponentCommand } from './component.ts';
import { addDoctorCommand } from './doctor.ts';
import { addDrillCommand } from './drill.ts';
import { addHubCommand } from './hub.ts';
import { addImageCommand } from './image.ts';
import { addInternalCommands } from './internal.ts';
import { addJoinCommand } from './join.ts';
import { addKeysCommand } from './keys.ts';
import { addLinkCommand } from './link.ts';
import { addReleaseCommand, addUpgradeCommand } from './release.ts';
import { addLocalCommands } from './local.ts';
import { addResetCommand } from './reset.ts';
import { addServerCommand } from './server.ts';
import { addSimCommand } from './sim.ts';
import { addTaskCommand } from './task.ts';
import { addTokenCommand } from './token.ts';
import { addUpCommand } from './up.ts';
import { addUserCommand } from './user.ts';

/**
 * All commands with their flags. Long flags are kebab-case, as kubectl's are. A command's file imports what its flags need;
 * what does its work is imported when it runs, so that each process holds its own part of the product and no other.
 */
export function createProgram(): Command {
  const program = bareProgram();
  program.commandsGroup('One machine with everything:');
  addUpCommand(program);
  program.commandsGroup('The center:');
  addServerCommand(program);
  addTokenCommand(program);
  addUserCommand(program);
  addClusterCommand(program);
  addComponentCommand(program);
  addTaskCommand(program);
  addLinkCommand(program);
  addDrillCommand(program);
  addBackupCommands(program);
  addKeysCommand(program);
  addReleaseCommand(program);
  program.commandsGroup('A machine:');
  addDoctorCommand(program);
  addJoinCommand(program);
  addAgentCommand(program);
  addLocalCommands(program);
  addUpgradeCommand(program);
  addResetCommand(program);
  program.commandsGroup('Anywhere:');
  addHubCommand(program);
  addSimCommand(program);
  addImageCommand(program);
  program.helpCommand('help [command]', 'display help for command');
  addInternalCommands(program);
  return program;
}
