import type { ClusterHost, HostedFacts, HostedSettings, HostedState } from '#clusters/host.ts';
import { FakeApiClient } from '@skerry/client/testing';
import type { Clock } from '@skerry/base';

/** A machine in memory: clusters that were prepared start when they are told to, unless they are `broken`. */
export class FakeHost implements ClusterHost {
  readonly folders = new Map<string, HostedSettings>();
  readonly broken = new Set<string>();
  readonly takenPorts = new Set<number>();
  running: readonly string[] = [];
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  addresses(): readonly string[] {
    return ['192.168.7.4'];
  }

  ownRanges(): readonly string[] {
    return ['10.12.0.0/16,fd00:10:12::/56', '10.96.0.0/16'];
  }

  portIsFree(port: number): Promise<boolean> {
    return Promise.resolve(!this.takenPorts.has(port));
  }

  nameFault(name: string): string | undefined {
    return name.length > 40 ? 'the name is too long' : undefined;
  }

  prepare(name: string, settings: HostedSettings): Promise<HostedFacts> {
    this.folders.set(name, settings);
    return this.facts(name);
  }

  facts(name: string): Promise<HostedFacts> {
    const settings = this.folders.get(name);
    if (!settings) return Promise.reject(new Error(`${name} was not prepared`));
    return Promise.resolve({ endpoint: `https://127.0.0.1:${settings.port}`, settings, certificates: [] });
  }

  setRunning(names: readonly string[]): void {
    this.running = names;
  }

  state(name: string): HostedState | undefined {
    if (!this.running.includes(name)) return undefined;
    if (this.broken.has(name)) return { state: 'failed', why: 'it is broken', restarts: 3 };
    return { state: 'running', restarts: 0 };
  }

  remove(name: string): Promise<void> {
    this.folders.delete(name);
    return Promise.resolve();
  }

  unpack(): Promise<{ podCIDR: string; serviceCIDR: string; made: string }> {
    return Promise.resolve({
      podCIDR: '10.40.0.0/16',
      serviceCIDR: '10.140.0.0/16',
      made: '2026-01-01T00:00:00Z',
    });
  }

  adminClient(): Promise<FakeApiClient> {
    const client = new FakeApiClient({ clock: this.#clock });
    client.request = <R>(_method: string, path: string) =>
      Promise.resolve((path === '/version' ? { gitVersion: 'v1.36.3' } : 'ok') as R);
    return Promise.resolve(client);
  }
}
