/** The volumes of one pod as they lie on the node: made before its containers, and again when what they are made from changes. */
import type { Pod } from '@skerry/api';
import { describeError } from '@skerry/base';
import type { PodContext } from '#pods/context.ts';
import type { PodFacts } from '#pods/fields.ts';
import { podUid } from '#pods/labels.ts';
import { Staleness } from '#pods/staleness.ts';

const retryMs = 10_000;

export class VolumeMounts {
  readonly #context: PodContext;
  readonly #staleness = new Staleness();
  #paths: ReadonlyMap<string, string> = new Map();

  constructor(context: PodContext) {
    this.#context = context;
  }

  /** Host paths by the volumes' names. */
  get paths(): ReadonlyMap<string, string> {
    return this.#paths;
  }

  /** Something that they are made from has changed. */
  mark(): void {
    this.#staleness.mark();
  }

  /** Whether all are there, and after how long to look again. */
  async ensure(pod: Pod, facts: () => PodFacts): Promise<{ areThere: boolean; againInMs?: number }> {
    const { volumes, objects, clock, events } = this.#context;
    const uid = podUid(pod);
    const again = () => {
      const atMs = volumes.refreshAtMs(uid);
      return atMs === undefined ? {} : { againInMs: atMs - clock.now() };
    };
    const { againInMs } = again();
    const isDue = againInMs !== undefined && againInMs <= 0;
    if (!this.#staleness.isStale && !isDue) return { areThere: true, ...again() };
    const namespace = pod.metadata.namespace ?? '';
    try {
      this.#paths = await this.#staleness.renew(() =>
        volumes.ensure(pod, {
          facts: facts(),
          allocatable: this.#context.allocatable(),
          configMap: (name) => objects.configMap(namespace, name),
          secret: (name) => objects.secret(namespace, name),
        }),
      );
      return { areThere: true, ...again() };
    } catch (error) {
      events.warning({ pod }, 'FailedMount', describeError(error));
      return { areThere: false, againInMs: retryMs };
    }
  }
}
