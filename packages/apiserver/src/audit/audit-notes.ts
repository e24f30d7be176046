/**
 * What is noted of one request for the audit log while it is worked on. Every request has it, also where no log is
 * written, so that whoever has something to note needn't ask; it costs nothing until then.
 */
export class AuditNotes implements AuditAnnotations {
  #annotations: Map<string, string> | undefined;

  add(key: string, value: string): void {
    this.#annotations ??= new Map();
    // As upstream has it: what was said first stands.
    if (!this.#annotations.has(key) && this.#annotations.size < annotationsMax) {
      this.#annotations.set(key, value);
    }
  }

  /** Undefined when there are none. */
  get annotations(): Readonly<Record<string, string>> | undefined {
    return this.#annotations && Object.fromEntries(this.#annotations);
  }
}

/** Annotations of one request that are kept. */
const annotationsMax = 200;

/** Where admission and others say what they did to a request: `pod-security.kubernetes.io/enforce-policy` → `baseline:latest`. */
export interface AuditAnnotations {
  /** The first value of a key stands. */
  add(key: string, value: string): void;
}
