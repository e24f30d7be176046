import type { AnyObject } from '@skerry/api';
import type { Sink } from '#contract.ts';

/** A sink that keeps what it is given; `full` makes it refuse more until `drain`. */
export class RecordingSink implements Sink {
  readonly chunks: Uint8Array[] = [];
  ended = false;
  full = false;
  #listener: (() => void) | undefined;

  write(chunk: Uint8Array): boolean {
    if (this.ended) throw new Error('written after its end');
    this.chunks.push(chunk);
    return !this.full;
  }

  onDrain(listener: () => void): void {
    this.#listener = listener;
  }

  end(): void {
    this.ended = true;
  }

  drain(): void {
    this.full = false;
    this.#listener?.();
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString();
  }

  get events(): { type: string; object: AnyObject }[] {
    return this.text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { type: string; object: AnyObject });
  }

  /** `ADDED a/x@101` for each event. */
  get summary(): string[] {
    return this.events.map(({ type, object }) => {
      const { namespace, name, resourceVersion } = object.metadata ?? {};
      return name === undefined
        ? `${type} @${resourceVersion}`
        : `${type} ${namespace}/${name}@${resourceVersion}`;
    });
  }
}
