/** A refusal or failure in the words of Kubernetes: every error body of the backend is a `Status`. */
export interface Status {
  readonly kind?: 'Status';
  readonly message?: string;
  readonly reason?: string;
  readonly code?: number;
  readonly details?: {
    readonly name?: string;
    readonly group?: string;
    readonly kind?: string;
    readonly causes?: readonly {
      readonly reason?: string;
      readonly message?: string;
      readonly field?: string;
    }[];
    readonly retryAfterSeconds?: number;
  };
}

export class StatusError extends Error {
  readonly status: Status;

  constructor(status: Status) {
    super(status.message ?? status.reason ?? `HTTP ${status.code ?? 0}`);
    this.status = status;
  }

  get code(): number {
    return this.status.code ?? 0;
  }

  get reason(): string {
    return this.status.reason ?? '';
  }
}

/** @returns the error as a Status, whatever it was */
export function statusOf(error: unknown): Status {
  if (error instanceof StatusError) return error.status;
  return { message: error instanceof Error ? error.message : String(error), reason: 'Unreachable', code: 0 };
}
