import type { AuditSink } from '@skerry/apiserver';

/** Tells each of them of every event; a request waits for those that make it wait. */
export function allSinks(sinks: readonly AuditSink[]): AuditSink {
  return {
    plugins: sinks.flatMap(({ plugins }) => plugins),
    record(event) {
      const waits = sinks.flatMap((sink) => sink.record(event) ?? []);
      return waits.length > 0 ? Promise.all(waits).then(() => undefined) : undefined;
    },
  };
}
