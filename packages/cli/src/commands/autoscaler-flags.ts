import type { Command } from 'commander';
import { decimal, duration } from './common-flags.ts';

/** What of autoscaling kube-controller-manager's flags set, under the same names. */
export function withAutoscalerFlags(command: Command): Command {
  const name = (rest: string) => `--horizontal-pod-autoscaler-${rest}`;
  return command
    .optionsGroup('Scheduler and autoscalers:')
    .option(name('sync-period <duration>'), 'autoscalers look so often (default 15s)', duration)
    .option(
      name('downscale-stabilization <duration>'),
      'autoscalers shrink only to the largest size that was asked for in this time (default 5m)',
      duration,
    )
    .option(
      name('cpu-initialization-period <duration>'),
      'so long after its start the CPU that an unready pod uses is not counted (default 5m)',
      duration,
    )
    .option(
      name('initial-readiness-delay <duration>'),
      'a pod that became unready within this time of its start is taken to have never been ready (default 30s)',
      duration,
    )
    .option(
      name('tolerance <number>'),
      'how far a metric may be from its target, as a share of it, before anything is done (default 0.1)',
      decimal,
    );
}
