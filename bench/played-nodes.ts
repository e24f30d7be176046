/**
 * Nodes that are API objects and nothing more: what a kubelet would say of their pods is said here, in two writes a pod (it
 * runs; it is gone) and a third where it is a Job's (it is done). The same for every server, so that controllers and
 * scheduler are what differs.
 */
import type { Pod } from '@skerry/api';
import { ApiSession, inParallel } from './api-session.ts';
import { until } from './center.ts';
import { benchNode } from './objects.ts';
import type { ApiEndpoint } from './target.ts';

const widthMax = 64;
const patienceMs = 300_000;
const zones = ['a', 'b', 'c'];
const mergePatch = 'application/merge-patch+json';

export class PlayedNodes {
  readonly #session: ApiSession;
  readonly #namespace: string;
  /** The latest of each pod that something is to be said of. */
  readonly #waiting = new Map<string, Pod>();
  #inFlight = 0;

  private constructor(session: ApiSession, namespace: string) {
    this.#session = session;
    this.#namespace = namespace;
  }

  /** Makes so many, waits until pods may go to all, and plays those of the namespace. */
  static async start(
    target: ApiEndpoint,
    options: { nodes: number; namespace: string },
  ): Promise<PlayedNodes> {
    const session = await ApiSession.open(target, 4);
    await makeNodes(session, options.nodes);
    const played = new PlayedNodes(session, options.namespace);
    session.follow(`/api/v1/namespaces/${options.namespace}/pods?watch=true`, (line) => {
      const { type, object } = JSON.parse(line) as { type: string; object: Pod };
      const key = object.metadata?.uid ?? '';
      if (type === 'DELETED') played.#waiting.delete(key);
      else played.#waiting.set(key, object);
      played.#work();
    });
    return played;
  }

  close(): void {
    this.#session.close();
  }

  #work(): void {
    for (const [key, pod] of this.#waiting) {
      if (this.#inFlight >= widthMax) return;
      this.#waiting.delete(key);
      const said = this.#say(pod);
      if (!said) continue;
      this.#inFlight++;
      void said
        // A pod that has changed meanwhile comes again, and one that is gone needs nothing.
        .catch(() => undefined)
        .finally(() => {
          this.#inFlight--;
          this.#work();
        });
    }
  }

  #say({ metadata, spec, status }: Pod): Promise<unknown> | undefined {
    const path = `/api/v1/namespaces/${this.#namespace}/pods/${metadata.name}`;
    const patch = (body: object) =>
      this.#session.request('PATCH', `${path}/status`, { status: body }, mergePatch);
    if (!spec?.nodeName) return undefined;
    if (metadata.deletionTimestamp)
      return this.#session.request('DELETE', path, {
        gracePeriodSeconds: 0,
        preconditions: { uid: metadata.uid },
      });
    if (status?.phase === 'Pending') return patch(running(status.conditions ?? []));
    if (status?.phase === 'Running' && metadata.ownerReferences?.[0]?.kind === 'Job') return patch(succeeded);
    return undefined;
  }
}

function running(others: readonly object[]) {
  const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  const ready = { type: 'Ready', status: 'True', lastTransitionTime: now };
  return { phase: 'Running', startTime: now, conditions: [...others, ready] };
}

const succeeded = { phase: 'Succeeded' };

/** Those of an API server without agents. */
export async function makeNodes(session: ApiSession, count: number): Promise<void> {
  await inParallel(count, widthMax, async (index) => {
    const node = benchNode(`node-${index}`, zones[index % zones.length]!);
    await session.ok('POST', '/api/v1/nodes', node);
    await session.ok('PATCH', `/api/v1/nodes/node-${index}/status`, { status: node.status }, mergePatch);
  });
  await until('nodes without taints', patienceMs, async () => {
    const { items } = await session.json<{ items: { spec?: { taints?: unknown[] } }[] }>('/api/v1/nodes');
    return items.length === count && items.every((node) => !node.spec?.taints?.length);
  });
}
