/**
 * Keeps the weight of the groups that hold all pods of a class. It follows from the pods that are here together, so it is
 * written anew when one comes, when one has gone, and now and then for those whose size was changed. One writing at a time:
 * the last one has seen the newest pods.
 */
import type { Pod } from '@skerry/api';
import type { Cgroups } from '#machine/cgroups.ts';
import { qosCgroups } from '#pods/resources.ts';

export interface QosGroupsOptions {
  readonly cgroups: Pick<Cgroups, 'ensure'>;
  readonly root: string;
  /** Those that take of the node. */
  readonly pods: () => readonly Pod[];
}

export class QosGroups {
  readonly #options: QosGroupsOptions;
  #last: Promise<void> = Promise.resolve();

  constructor(options: QosGroupsOptions) {
    this.#options = options;
  }

  /** Resolves when they are as the pods of this moment ask. */
  update(): Promise<void> {
    const updated = this.#last.then(() => this.#write());
    this.#last = updated.catch(() => undefined);
    return updated;
  }

  async #write(): Promise<void> {
    const { cgroups, root, pods } = this.#options;
    for (const { path, resources } of qosCgroups(root, pods())) await cgroups.ensure(path, resources);
  }
}
