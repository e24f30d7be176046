import type { Command } from 'commander';
import { duration } from './common-flags.ts';

/** How long a silent node is waited for, under the names of kube-controller-manager's flags, and how often links are asked. */
export function withNodeWatchFlags(command: Command): Command {
  return command
    .optionsGroup('Nodes and links:')
    .option('--node-monitor-period <duration>', 'look at nodes so often (default 5s)', duration)
    .option(
      '--node-monitor-grace-period <duration>',
      'a node that is silent for so long is Unknown; at least two and a half heartbeats (default 50s)',
      duration,
    )
    .option(
      '--link-heartbeat-period <duration>',
      'ask each link for a sign of life so often, and cut it when it gave none for two times (default 19s)',
      duration,
    );
}
