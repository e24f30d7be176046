/**
 * The supervisor's part of hosting: runs the clusters that it is told to, level by level: what is wanted and not there is
 * started, what is there and not wanted is stopped, what could not start is tried again with backoff.
 */
import { Backoff, type Clock, describeError, type Logger, sleep } from '@skerry/base';
import { createDataDirectory, type DataDirectory, dataDirectory } from '#data-directory.ts';
import type { ClusterProcesses } from './cluster-processes.ts';
import { type ClusterStates, ownClusterKey, type RunClusters } from './supervisor-protocol.ts';

export interface HostedClustersOptions {
  readonly processesOf: (data: DataDirectory) => ClusterProcesses;
  /** The center's own cluster, which is started and stopped elsewhere, and told of with the others. */
  readonly own?: ClusterProcesses;
  readonly onChange: (states: ClusterStates) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

type State = ClusterStates['clusters'][number]['state'];

interface Hosted {
  readonly stop: AbortController;
  readonly ended: Promise<void>;
  state: State;
  why?: string;
  processes?: ClusterProcesses;
}

export class HostedClusters {
  readonly #options: HostedClustersOptions;
  readonly #hosted = new Map<string, Hosted>();

  constructor(options: HostedClustersOptions) {
    this.#options = options;
  }

  get processes() {
    return [...this.#hosted].flatMap(([cluster, { processes }]) =>
      (processes?.processes ?? []).map((process) => ({ cluster, process })),
    );
  }

  run(clusters: RunClusters['clusters']): void {
    for (const [name, hosted] of this.#hosted) {
      if (clusters.some((cluster) => cluster.name === name) || hosted.stop.signal.aborted) continue;
      this.#set(name, hosted, 'stopping');
      hosted.stop.abort();
    }
    for (const { name, directory } of clusters) {
      // One that is just being stopped is started by the next word of the center.
      if (!this.#hosted.has(name)) this.#start(name, dataDirectory(directory));
    }
    this.tell();
  }

  async stop(): Promise<void> {
    for (const { stop } of this.#hosted.values()) stop.abort();
    await Promise.all([...this.#hosted.values()].map(({ ended }) => ended));
  }

  #start(name: string, data: DataDirectory): void {
    const stop = new AbortController();
    const hosted: Hosted = {
      stop,
      state: 'starting',
      ended: Promise.resolve().then(() => this.#keep(name, data, hosted)),
    };
    this.#hosted.set(name, hosted);
  }

  async #keep(name: string, data: DataDirectory, hosted: Hosted): Promise<void> {
    const { clock, log, processesOf } = this.#options;
    const { signal } = hosted.stop;
    const backoff = new Backoff({ baseMs: 500, maxMs: 30_000 });
    while (!signal.aborted) {
      const processes = processesOf(data);
      hosted.processes = processes;
      const stopEarly = () => void processes.stop();
      signal.addEventListener('abort', stopEarly, { once: true });
      try {
        createDataDirectory(data);
        await processes.start();
        this.#set(name, hosted, 'running');
        await whenAborted(signal);
      } catch (error) {
        if (!signal.aborted) {
          log.warn('cluster did not start', { cluster: name, error: describeError(error) });
          this.#set(name, hosted, 'failed', describeError(error));
        }
      } finally {
        signal.removeEventListener('abort', stopEarly);
        await processes.stop();
      }
      await sleep(clock, backoff.next(), signal).catch(() => undefined);
    }
    this.#hosted.delete(name);
    this.tell();
  }

  #set(name: string, hosted: Hosted, state: State, why?: string): void {
    if (this.#hosted.get(name) !== hosted || hosted.state === 'stopping') return;
    hosted.state = state;
    hosted.why = why;
    this.tell();
  }

  /** How all of them are; to be called from time to time, since a process that was started again says nothing by itself. */
  tell(): void {
    const clusters: ClusterStates['clusters'] = [...this.#hosted].map(
      ([name, { state, why, processes }]) => ({
        name,
        state,
        ...(why === undefined ? {} : { why }),
        restarts: restartsOf(processes),
      }),
    );
    const { own } = this.#options;
    if (own) clusters.unshift({ name: ownClusterKey, state: 'running', restarts: restartsOf(own) });
    this.#options.onChange({ type: 'cluster-states', clusters });
  }
}

function restartsOf(processes: ClusterProcesses | undefined): number {
  return (processes?.processes ?? []).reduce((sum, { restarts }) => sum + restarts, 0);
}

function whenAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
