/** Workloads in one namespace of a center, as tests over many nodes make, ask for and count them. */
import type { DaemonSet, Deployment, Event as CoreEvent, Job, KubeObject, Pod } from '@skerry/api';
import { childrenOf } from '../../bench/processes.ts';
import type { Center } from './center.ts';

export class Workloads {
  readonly #center: Center;
  readonly #namespace: string;

  constructor(center: Center, namespace: string) {
    this.#center = center;
    this.#namespace = namespace;
  }

  path(group: string, rest: string): string {
    return `${group}/namespaces/${this.#namespace}/${rest}`;
  }

  readonly daemonSets = () => this.path('/apis/apps/v1', 'daemonsets');
  readonly deployments = () => this.path('/apis/apps/v1', 'deployments');
  readonly jobs = () => this.path('/apis/batch/v1', 'jobs');

  async ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const contentType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const headers = { 'content-type': contentType };
    const answer = await this.#center.request({
      method,
      path,
      headers,
      ...(body === undefined ? {} : { body }),
    });
    if (answer.status >= 400)
      throw new Error(`${method} ${path}: ${answer.status} ${answer.text.slice(0, 300)}`);
    return JSON.parse(answer.text) as T;
  }

  makeNamespace(): Promise<unknown> {
    return this.ask('POST', '/api/v1/namespaces', { metadata: { name: this.#namespace } });
  }

  async isGone(): Promise<boolean> {
    const { items } = await this.ask<{ items: KubeObject[] }>('GET', '/api/v1/namespaces');
    return items.every(({ metadata }) => metadata?.name !== this.#namespace);
  }

  async daemonSet(name: string): Promise<DaemonSet> {
    return this.ask('GET', `${this.daemonSets()}/${name}`);
  }

  async deployment(name: string): Promise<Deployment> {
    return this.ask('GET', `${this.deployments()}/${name}`);
  }

  async allJobs(): Promise<Job[]> {
    return (await this.ask<{ items: Job[] }>('GET', this.jobs())).items;
  }

  async podsOf(app: string): Promise<Pod[]> {
    const path = `${this.path('/api/v1', 'pods')}?labelSelector=app%3D${app}`;
    return (await this.ask<{ items: Pod[] }>('GET', path)).items;
  }

  /** Names of pods of a Deployment that events say have been given a node. */
  async scheduledPods(deployment: string): Promise<string[]> {
    const path = `${this.path('/api/v1', 'events')}?fieldSelector=reason%3DScheduled`;
    const { items } = await this.ask<{ items: CoreEvent[] }>('GET', path);
    const names = new Set(items.map(({ involvedObject }) => involvedObject.name ?? ''));
    return [...names].filter((name) => name.startsWith(`${deployment}-`));
  }

  async metrics(): Promise<string> {
    return (await this.#center.request({ path: '/metrics' })).text;
  }

  /** Written by controllers and scheduler, each one's first time and its repetitions. */
  async eventsOfManagers(): Promise<number> {
    const { items } = await this.ask<{ items: CoreEvent[] }>('GET', this.path('/api/v1', 'events'));
    return items
      .filter(({ source, reportingComponent }) => (source?.component ?? reportingComponent) !== 'kubelet')
      .reduce((sum, { count = 1 }) => sum + count, 0);
  }

  /** The next ones begin with nothing in memory, in the middle of the work of these. */
  killControllers(): void {
    const found = childrenOf(this.#center.pid).find(({ command }) => command.includes(' serve-controllers '));
    process.kill(found?.pid ?? 0, 'SIGKILL');
  }
}

/** One container that ends when it is told to. */
export function template(app: string, image: string) {
  const containers = [{ name: 'main', image: `registry.example.com/${app}:${image}` }];
  return { metadata: { labels: { app } }, spec: { terminationGracePeriodSeconds: 1, containers } };
}
