/**
 * Runs controllers over one API server: shared local copies, one event recorder per controller, and, where several
 * managers stand by for each other, one leader among them. What the leader had in memory dies with its leadership; the
 * next one reads everything anew.
 */
import type { Clock, Logger } from '@skerry/base';
import { supervise } from '@skerry/base';
import { ApiEventRecorder, InformerFactory, runAsLeader } from '@skerry/client';
import type { ApiClient } from '@skerry/client';
import { catalogue } from '#catalogue.ts';
import type { ControllerName, ControllerSettings } from '#catalogue.ts';
import { controllerView } from '#runtime/controller-view.ts';

export interface RunControllersOptions extends ControllerSettings {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  readonly signal: AbortSignal;
  /** Several managers may run; one works. Without it this one works at once. */
  readonly leaderElection?: {
    readonly identity: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  /** Which to run; all unless given. */
  readonly names?: readonly ControllerName[];
}

/** Resolves when the signal has stopped every controller. */
export async function runControllers(options: RunControllersOptions): Promise<void> {
  const { client, clock, log, random, signal, leaderElection } = options;
  const lead = (until: AbortSignal) => runAll(options, until);
  if (!leaderElection) return lead(signal);
  const { identity, namespace = 'kube-system', name = 'skerry-controllers' } = leaderElection;
  const election = { client, namespace, name, identity, clock, log, random };
  return supervise(
    { name: 'controllers', run: (until) => runAsLeader(election, lead, until) },
    { clock, log, signal },
  );
}

async function runAll(options: RunControllersOptions, signal: AbortSignal): Promise<void> {
  const { client, clock, log, random, names } = options;
  const informers = new InformerFactory({ client, clock, log, random, transform: controllerView });
  const runs: Promise<void>[] = [];
  for (const [name, create] of Object.entries(catalogue)) {
    if (names && !names.includes(name as ControllerName)) continue;
    const own = client.as(`skerry/${name}`);
    const events = new ApiEventRecorder({ client: own, component: name, clock, log });
    const controller = create({ client: own, informers, events, clock, log, random }, options);
    if (!controller) continue;
    runs.push(events.run(signal), supervise(controller, { clock, log, signal }));
  }
  log.info('controllers running', { count: runs.length / 2 });
  await Promise.all([informers.run(signal), ...runs]);
}
