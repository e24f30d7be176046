/** Which container has which devices, and what had a plugin here; kept in a file that is replaced whole at each change. */
import { readFile, rename, writeFile } from 'node:fs/promises';

export interface Holder {
  readonly podUid: string;
  readonly container: string;
  readonly resource: string;
}

export interface Assignment extends Holder {
  readonly ids: readonly string[];
}

/** Former agents wrote the assignments alone. */
interface Checkpoint {
  readonly assignments: readonly Assignment[];
  readonly resources: readonly string[];
}

export class DeviceAssignments {
  readonly #file: string;
  #assignments: readonly Assignment[] = [];
  #resources: ReadonlySet<string> = new Set();
  #writing: Promise<void> = Promise.resolve();

  constructor(file: string) {
    this.#file = file;
  }

  /** A file that can't be read counts as empty: containers that run keep their devices, and name them when they start again. */
  async load(): Promise<void> {
    try {
      const found = JSON.parse(await readFile(this.#file, 'utf8')) as Assignment[] | Checkpoint;
      const { assignments, resources } = Array.isArray(found) ? { assignments: found, resources: [] } : found;
      this.#assignments = assignments;
      this.#resources = new Set([...resources, ...assignments.map(({ resource }) => resource)]);
    } catch {
      this.#assignments = [];
      this.#resources = new Set();
    }
  }

  /** Whether devices of this resource were ever offered by a plugin on this machine. */
  knows(resource: string): boolean {
    return this.#resources.has(resource);
  }

  async note(resource: string): Promise<void> {
    if (this.#resources.has(resource)) return;
    this.#resources = new Set([...this.#resources, resource]);
    await this.#write();
  }

  of({ podUid, container, resource }: Holder): readonly string[] | undefined {
    return this.#assignments.find(
      (each) => each.podUid === podUid && each.container === container && each.resource === resource,
    )?.ids;
  }

  taken(resource: string): ReadonlySet<string> {
    return new Set(
      this.#assignments.filter((each) => each.resource === resource).flatMap((each) => each.ids),
    );
  }

  async assign(assignment: Assignment): Promise<void> {
    if (this.of(assignment)) return;
    this.#assignments = [...this.#assignments, assignment];
    await this.#write();
  }

  async release(podUid: string): Promise<void> {
    const kept = this.#assignments.filter((each) => each.podUid !== podUid);
    if (kept.length === this.#assignments.length) return;
    this.#assignments = kept;
    await this.#write();
  }

  #write(): Promise<void> {
    this.#writing = this.#writing
      .catch(() => undefined)
      .then(async () => {
        const checkpoint: Checkpoint = { assignments: this.#assignments, resources: [...this.#resources] };
        await writeFile(`${this.#file}.new`, JSON.stringify(checkpoint), { mode: 0o600 });
        await rename(`${this.#file}.new`, this.#file);
      });
    return this.#writing;
  }
}
