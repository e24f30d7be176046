import type { AuditEvent } from '@skerry/apiserver';

/** How large events, and what is sent of them at once, may be; in bytes. */
export interface Truncation {
  readonly eventBytesMax: number;
  readonly batchBytesMax: number;
}

const truncatedAnnotation = 'audit.k8s.io/truncated';

/**
 * The event as it may be kept: one that is too large loses its bodies, and says so. Undefined where it is too large even
 * then: it is dropped.
 */
export function fitted(event: AuditEvent, { eventBytesMax }: Truncation): AuditEvent | undefined {
  if (bytesOf(event) <= eventBytesMax) return event;
  const { requestObject: _request, responseObject: _response, ...rest } = event;
  const shorter = { ...rest, annotations: { ...event.annotations, [truncatedAnnotation]: 'true' } };
  return bytesOf(shorter) <= eventBytesMax ? shorter : undefined;
}

/** Why one was dropped. */
export const tooLarge = 'event is too large even after truncating';

/** Parts of a batch, each as large as may be sent at once. */
export function parted(
  events: readonly AuditEvent[],
  truncation: Truncation | undefined,
): (readonly AuditEvent[])[] {
  if (!truncation) return [events];
  const parts: AuditEvent[][] = [];
  let room = -1;
  for (const event of events) {
    const bytes = bytesOf(event);
    if (bytes > room) {
      parts.push([]);
      room = truncation.batchBytesMax;
    }
    parts.at(-1)!.push(event);
    room -= bytes;
  }
  return parts;
}

function bytesOf(event: AuditEvent): number {
  return Buffer.byteLength(JSON.stringify(event));
}
