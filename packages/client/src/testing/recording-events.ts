import type { KubeObject } from '@skerry/api';
import type { EventRecorder, RecordedEvent } from '#event-recorder.ts';

/** Keeps events as lines `Warning FailedCreate: …` for a test to look at. */
export function recordingEvents(): EventRecorder & { readonly lines: string[] } {
  const lines: string[] = [];
  return {
    lines,
    record(_object: KubeObject, { type, reason, message }: RecordedEvent) {
      lines.push(`${type} ${reason}: ${message}`);
    },
  };
}
