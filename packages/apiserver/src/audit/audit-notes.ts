/** Where admission and others say what they did to a request: `pod-security.kubernetes.io/enforce-policy` → `baseline:latest`. */
export interface AuditAnnotations {
  /** The first value of a key stands. */
  add(key: string, value: string): void;
}

/** Annotations of one request that are kept. */
const annotationsMax = 200;

/** A body longer than this is left out, and the event says so. */
const bodyBytesMax = 3 * 1024 * 1024;

/** Where no bodies are written, answers that say how it went are looked at nevertheless. */
const statusPattern = /^\{\s*"kind":\s*"Status"/;

/** A body in the form in which it came or went. */
export interface NotedBody {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/**
 * What is noted of one request for the audit log while it is worked on. Every request has it, also where no log is
 * written, so that whoever has something to note needn't ask. Until `keep` says what the log wants, nothing but
 * annotations is held.
 */
export class AuditNotes implements AuditAnnotations {
  #annotations: Map<string, string> | undefined;
  #kept: { readonly request: boolean; readonly response: boolean } | undefined;
  #onAnswer: (() => void) | undefined;
  status = 0;
  requestBody: NotedBody | undefined;
  responseBody: NotedBody | undefined;

  /** What is to be held of the bodies; `onAnswer` is called when the answer begins. */
  keep(kept: {
    readonly request: boolean;
    readonly response: boolean;
    readonly onAnswer?: () => void;
  }): void {
    this.#kept = kept;
    this.#onAnswer = kept.onAnswer;
  }

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

  /** The request's body has been read. */
  received(bytes: Uint8Array, contentType: string | undefined): void {
    if (this.#kept?.request) this.requestBody = { mediaType: mediaType(contentType), bytes };
  }

  /** What the body says that has been read as YAML, which is dear to read: nobody is to do it again. */
  receivedAsJson(json: string): void {
    if (this.requestBody) this.requestBody = { mediaType: 'application/json', bytes: Buffer.from(json) };
  }

  /** The answer's body, before it is compressed. */
  answering(chunks: Iterable<Uint8Array>, contentType: string | undefined): void {
    if (!this.#kept?.response) return;
    const pieces: Uint8Array[] = [];
    let length = 0;
    for (const chunk of chunks) {
      length += chunk.length;
      if (length > bodyBytesMax) {
        this.add('audit.k8s.io/truncated', 'true');
        return;
      }
      pieces.push(chunk);
    }
    this.responseBody = { mediaType: mediaType(contentType), bytes: Buffer.concat(pieces) };
  }

  #noteWhole(body: Uint8Array | string, contentType: string | undefined): void {
    if (body.length > bodyBytesMax) this.add('audit.k8s.io/truncated', 'true');
    else this.responseBody = { mediaType: mediaType(contentType), bytes: Buffer.from(body) };
  }

  /** The answer begins. `whole` is its body where it is no stream. */
  answered(
    status: number,
    whole?: { readonly body: Uint8Array | string; readonly contentType: string | undefined },
  ): void {
    if (!this.#kept || this.status !== 0) return;
    this.status = status;
    if (whole && !this.responseBody && (this.#kept.response || isStatus(whole.body))) {
      this.#noteWhole(whole.body, whole.contentType);
    }
    this.#onAnswer?.();
  }
}

function isStatus(body: Uint8Array | string): boolean {
  const start = typeof body === 'string' ? body.slice(0, 40) : Buffer.from(body.subarray(0, 40)).toString();
  return statusPattern.test(start);
}

function mediaType(contentType: string | undefined): string {
  return (contentType ?? '').split(';', 1)[0]!.trim().toLowerCase();
}
