/**
 * Runs controllers over one API server: shared local copies, one event recorder and one identity per controller, and, where
 * several managers stand by for each other, one leader among them. What the leader had in memory dies with its leadership;
 * the next one reads everything anew.
 */
import type { Clock, Family, Gauge, Logger } from '@skerry/base';
import { supervise } from '@skerry/base';
import { ApiEventRecorder, clusterEventQueueMax, InformerFactory, runAsLeader } from '@skerry/client';
import type { ApiClient } from '@skerry/client';
import { catalogue } from '#catalogue.ts';
import type { ControllerName, ControllerSettings } from '#catalogue.ts';
import { accounts } from '#accounts.ts';
import { installDefinitions } from '#definitions.ts';
import { eventSourceOf } from '#event-sources.ts';
import { controllerView } from '#runtime/controller-view.ts';
import { ControllerHealth } from '#runtime/health.ts';
import { queueNameOf, QueueMetrics, type Metrics } from '#runtime/metrics.ts';
import { Numbers } from '#runtime/numbers.ts';

export interface RunControllersOptions extends ControllerSettings {
  /** Reads for all of them. */
  readonly client: ApiClient;
  /** Speaks as a ServiceAccount of kube-system; `client` speaks for everyone unless given. */
  readonly clientOf?: (account: string) => ApiClient;
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
  readonly metrics?: Metrics;
  /** Which to run; all unless given. */
  readonly names?: readonly ControllerName[];
}

/** The name of the Lease, as stock managers have it. */
const leaseName = 'kube-controller-manager';

/** Resolves when the signal has stopped every controller. */
export async function runControllers(options: RunControllersOptions): Promise<void> {
  const { client, clock, log, random, signal, leaderElection, metrics } = options;
  const gathered = metrics && gather(metrics, clock);
  if (!leaderElection) return runAll(options, gathered, signal);
  const { identity, namespace = 'kube-system', name = leaseName } = leaderElection;
  const leads = metrics
    ?.gauge({
      name: 'leader_election_master_status',
      help: 'Gauge of if the reporting system is master of the relevant lease, 0 indicates backup, 1 indicates master.',
      labels: ['name'],
    })
    .with(name);
  leads?.set(0);
  const lead = async (until: AbortSignal) => {
    leads?.set(1);
    await runAll(options, gathered, until).finally(() => {
      leads?.set(0);
      gathered?.queues.forgetQueues();
    });
  };
  const election = { client, namespace, name, identity, clock, log, random };
  return supervise(
    { name: 'controllers', run: (until) => runAsLeader(election, lead, until) },
    { clock, log, signal },
  );
}

interface Gathered {
  readonly queues: QueueMetrics;
  readonly numbers: Numbers;
  /** By controller: whether it runs here. */
  readonly running: Family<Gauge>;
  readonly health: ControllerHealth;
}

function gather(metrics: Metrics, clock: Clock): Gathered {
  const running = metrics.gauge({
    name: 'running_managed_controllers',
    help: 'Indicates where instances of a controller are currently running',
    labels: ['name', 'manager'],
  });
  return {
    queues: new QueueMetrics(metrics, clock),
    numbers: new Numbers(metrics),
    running,
    health: new ControllerHealth(metrics),
  };
}

async function runAll(
  options: RunControllersOptions,
  gathered: Gathered | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { client, clientOf, clock, log, random, names } = options;
  await installDefinitions(client);
  const informers = new InformerFactory({ client, clock, log, random, transform: controllerView });
  const runs: Promise<void>[] = [];
  for (const [name, create] of Object.entries(catalogue)) {
    if (names && !names.includes(name as ControllerName)) continue;
    const speaker = clientOf?.(accounts[name as ControllerName]) ?? client;
    const own = speaker.as(`skerry/${name}`);
    const events = new ApiEventRecorder({
      client: own,
      component: eventSourceOf(name as ControllerName),
      clock,
      log,
      queueMax: clusterEventQueueMax,
    });
    const meter = gathered && (() => gathered.queues.queue(queueNameOf(name)));
    const numbers = gathered?.numbers;
    const controller = create(
      { client: own, informers, events, clock, log, random, meter, numbers },
      options,
    );
    if (!controller) continue;
    const running = gathered?.running.with(name, leaseName);
    running?.set(1);
    const watched = gathered?.health.watch(name, controller) ?? controller;
    const run = supervise(watched, { clock, log, signal }).finally(() => running?.set(0));
    runs.push(events.run(signal), run);
  }
  log.info('controllers running', { count: runs.length / 2 });
  await Promise.all([informers.run(signal), ...runs]);
}
