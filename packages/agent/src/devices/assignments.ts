/** Which container has which devices; kept in a file that is replaced whole at each change. */
import { readFile, rename, writeFile } from 'node:fs/promises';

export interface Holder {
  readonly podUid: string;
  readonly container: string;
  readonly resource: string;
}

export interface Assignment extends Holder {
  readonly ids: readonly string[];
}

export class DeviceAssignments {
  readonly #file: string;
  #assignments: readonly Assignment[] = [];
  #writing: Promise<void> = Promise.resolve();

  constructor(file: string) {
    this.#file = file;
  }

  /** A file that can't be read counts as empty: containers that run keep their devices, and name them when they start again. */
  async load(): Promise<void> {
    try {
      this.#assignments = JSON.parse(await readFile(this.#file, 'utf8')) as Assignment[];
    } catch {
      this.#assignments = [];
    }
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
        await writeFile(`${this.#file}.new`, JSON.stringify(this.#assignments), { mode: 0o600 });
        await rename(`${this.#file}.new`, this.#file);
      });
    return this.#writing;
  }
}
