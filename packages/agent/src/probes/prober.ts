/**
 * The startup, readiness and liveness probes of running containers. Each probe has its own rhythm; results change only
 * after as many equal outcomes in a row as its thresholds ask for. While a startup probe hasn't passed, the other two
 * wait. A container without a probe is ready, started and alive as soon as it runs.
 * https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/
 */
import type { Container, Pod, Probe } from '@skerry/api';
import type { Clock, Timer } from '@skerry/base';
import type { PodEvents } from '#pods/events.ts';
import { podUid } from '#pods/labels.ts';
import type { ProbeRunner } from '#probes/handlers.ts';

export type ProbeKind = 'Startup' | 'Readiness' | 'Liveness';
const kinds = ['Startup', 'Readiness', 'Liveness'] as const;

export interface ProberOptions {
  readonly run: ProbeRunner;
  readonly events: PodEvents;
  readonly clock: Clock;
  readonly random: () => number;
  /** A result of this pod has changed. */
  readonly changed: (uid: string) => void;
}

export interface ProbedContainer {
  readonly id: string;
  readonly container: Container;
  readonly address: string;
}

interface Rhythm {
  readonly kind: ProbeKind;
  readonly probe: Probe;
  result: boolean | undefined;
  inARow: number;
  last: boolean | undefined;
  timer: Timer | undefined;
  stopped: boolean;
}

interface Watched extends ProbedContainer {
  readonly uid: string;
  pod: Pod;
  readonly rhythms: Map<ProbeKind, Rhythm>;
}

export class Prober {
  readonly #options: ProberOptions;
  readonly #watched = new Map<string, Watched>();

  constructor(options: ProberOptions) {
    this.#options = options;
  }

  /** Probes exactly these containers of the pod from now on; those that are probed already go on as they are. */
  follow(pod: Pod, containers: readonly ProbedContainer[], { onlyReadiness = false } = {}): void {
    const uid = podUid(pod);
    const wanted = new Set(containers.map(({ id }) => id));
    for (const watched of this.#watched.values()) {
      if (watched.uid === uid && !wanted.has(watched.id)) this.#stop(watched);
    }
    for (const target of containers) {
      const watched = this.#watched.get(target.id) ?? this.#start(pod, target);
      watched.pod = pod;
      if (onlyReadiness)
        for (const kind of ['Startup', 'Liveness'] as const) stopRhythm(watched.rhythms.get(kind));
    }
  }

  forget(uid: string): void {
    for (const watched of this.#watched.values()) if (watched.uid === uid) this.#stop(watched);
  }

  isStarted(containerId: string, container: Container): boolean {
    if (!container.startupProbe) return true;
    return this.#watched.get(containerId)?.rhythms.get('Startup')?.result === true;
  }

  isReady(containerId: string, container: Container): boolean {
    if (!this.isStarted(containerId, container)) return false;
    if (!container.readinessProbe) return true;
    return this.#watched.get(containerId)?.rhythms.get('Readiness')?.result === true;
  }

  /** The probe that demands a restart. */
  failed(
    containerId: string,
  ): { kind: 'Liveness' | 'Startup'; graceSeconds: number | undefined } | undefined {
    const rhythms = this.#watched.get(containerId)?.rhythms;
    for (const kind of ['Startup', 'Liveness'] as const) {
      const rhythm = rhythms?.get(kind);
      if (rhythm?.result === false) return { kind, graceSeconds: rhythm.probe.terminationGracePeriodSeconds };
    }
    return undefined;
  }

  /** After a restart of the agent: what was ready and started is so until a probe says otherwise. */
  assume(pod: Pod, target: ProbedContainer, { ready, started }: { ready: boolean; started: boolean }): void {
    if (this.#watched.has(target.id)) return;
    // Probes of all pods together, right after a restart, would be a burst of load.
    const watched = this.#start(pod, target, { spread: true });
    const readiness = watched.rhythms.get('Readiness');
    if (readiness && ready) readiness.result = true;
    const startup = watched.rhythms.get('Startup');
    if (startup && started) {
      startup.result = true;
      stopRhythm(startup);
    }
  }

  #start(pod: Pod, target: ProbedContainer, { spread = false } = {}): Watched {
    const watched: Watched = { ...target, uid: podUid(pod), pod, rhythms: new Map() };
    const { startupProbe, readinessProbe, livenessProbe } = target.container;
    const probes = { Startup: startupProbe, Readiness: readinessProbe, Liveness: livenessProbe };
    for (const kind of kinds) {
      const probe = probes[kind];
      if (!probe) continue;
      const rhythm: Rhythm = {
        kind,
        probe,
        result: undefined,
        inARow: 0,
        last: undefined,
        timer: undefined,
        stopped: false,
      };
      watched.rhythms.set(kind, rhythm);
      const delaySeconds = spread
        ? (probe.periodSeconds ?? 10) * this.#options.random()
        : (probe.initialDelaySeconds ?? 0);
      this.#schedule(watched, rhythm, delaySeconds * 1000);
    }
    this.#watched.set(target.id, watched);
    return watched;
  }

  #stop(watched: Watched): void {
    for (const rhythm of watched.rhythms.values()) stopRhythm(rhythm);
    this.#watched.delete(watched.id);
  }

  #schedule(watched: Watched, rhythm: Rhythm, delayMs: number): void {
    if (rhythm.stopped) return;
    rhythm.timer = this.#options.clock.after(delayMs, () => void this.#probe(watched, rhythm));
  }

  async #probe(watched: Watched, rhythm: Rhythm): Promise<void> {
    const { probe, kind } = rhythm;
    const periodMs = Math.max(1, probe.periodSeconds ?? 10) * 1000;
    if (kind !== 'Startup' && !this.isStarted(watched.id, watched.container)) {
      this.#schedule(watched, rhythm, Math.min(periodMs, 1_000));
      return;
    }
    const startedMs = this.#options.clock.monotonic();
    const result = await this.#options.run(
      probe,
      { containerId: watched.id, container: watched.container, address: watched.address },
      Math.max(1, probe.timeoutSeconds ?? 1),
    );
    if (rhythm.stopped) return;
    if (result.outcome !== 'success') this.#report(watched, kind, result);
    this.#count(watched, rhythm, result.outcome === 'success');
    // A startup probe has done its work when it passed; one that failed for good waits for its container's end.
    if (kind === 'Startup' && rhythm.result !== undefined) return;
    const spentMs = this.#options.clock.monotonic() - startedMs;
    this.#schedule(watched, rhythm, Math.max(0, periodMs - spentMs));
  }

  #report(
    watched: Watched,
    kind: ProbeKind,
    result: { outcome: 'failure' | 'error'; message: string },
  ): void {
    const text =
      result.outcome === 'error'
        ? `${kind} probe errored and resulted in unknown state: ${result.message}`
        : `${kind} probe failed: ${result.message}`;
    this.#options.events.warning({ pod: watched.pod, container: watched.container.name }, 'Unhealthy', text);
  }

  #count(watched: Watched, rhythm: Rhythm, outcome: boolean): void {
    rhythm.inARow = rhythm.last === outcome ? rhythm.inARow + 1 : 1;
    rhythm.last = outcome;
    const { failureThreshold = 3, successThreshold = 1 } = rhythm.probe;
    if (rhythm.inARow < (outcome ? successThreshold : failureThreshold)) return;
    if (rhythm.result === outcome) return;
    rhythm.result = outcome;
    this.#options.changed(watched.uid);
  }
}

function stopRhythm(rhythm: Rhythm | undefined): void {
  if (!rhythm) return;
  rhythm.stopped = true;
  rhythm.timer?.cancel();
}
