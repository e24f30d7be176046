/**
 * An error that a person or caller can act on. `code` is stable, listed in docs/reference/errors.md, and says which case
 * it is; the message says what was tried, on what, and what to do next.
 */
export class SkerryError extends Error {
  override readonly name: string = 'SkerryError';
  readonly code: string;

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** One line for any thrown value: its message followed by the messages of its causes, without stacks. */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  let current: unknown = error;
  for (let depth = 0; current !== undefined && current !== null && depth < 8; depth++) {
    const text = messageOf(current);
    if (text && !parts.some((part) => part.includes(text))) parts.push(text);
    current = current instanceof Error ? current.cause : undefined;
  }
  return parts.join(': ') || 'unknown error';
}

function messageOf(value: unknown): string {
  if (value instanceof AggregateError && value.errors.length > 0 && !value.message) {
    return value.errors.map((inner) => describeError(inner)).join('; ');
  }
  if (value instanceof Error) return value.message || value.name;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
