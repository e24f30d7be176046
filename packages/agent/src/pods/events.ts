import type { Pod } from '@skerry/api';
import type { EventRecorder } from '@skerry/client';
import { containerFieldPath } from '#pods/labels.ts';

/** A pod, or one of its containers. */
export interface PodPart {
  readonly pod: Pod;
  readonly container?: string;
}

/** Events of pods, in the wording of the kubelet: people and tools match on it. */
export interface PodEvents {
  normal(part: PodPart, reason: string, message: string): void;
  warning(part: PodPart, reason: string, message: string): void;
}

export function podEvents(recorder: EventRecorder): PodEvents {
  const record = (type: 'Normal' | 'Warning', part: PodPart, reason: string, message: string) => {
    const fieldPath = part.container === undefined ? undefined : containerFieldPath(part.pod, part.container);
    recorder.record({ apiVersion: 'v1', kind: 'Pod', ...part.pod }, { type, reason, message, fieldPath });
  };
  return {
    normal: (part, reason, message) => record('Normal', part, reason, message),
    warning: (part, reason, message) => record('Warning', part, reason, message),
  };
}
