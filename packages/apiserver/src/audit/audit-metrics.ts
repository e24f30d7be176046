import { auditLevels, type AuditLevel, type AuditSink } from '#audit/audit-event.ts';

/** How many requests each level was chosen for, and what became of the events, as `/metrics` shows them. */
export class AuditMetrics {
  readonly #levels = new Map<AuditLevel, number>();

  decided(level: AuditLevel): void {
    this.#levels.set(level, (this.#levels.get(level) ?? 0) + 1);
  }

  /** Prometheus text; empty where no log is written. */
  render(log: { readonly sink: AuditSink } | undefined): string {
    if (!log) return '';
    const { counts } = log.sink;
    const lines = ['# TYPE apiserver_audit_event_total counter'];
    lines.push(`apiserver_audit_event_total ${counts.recorded + counts.dropped}`);
    lines.push('# TYPE apiserver_audit_error_total counter');
    lines.push(`apiserver_audit_error_total{plugin="log"} ${counts.dropped}`);
    lines.push('# TYPE apiserver_audit_level_total counter');
    for (const level of auditLevels) {
      lines.push(`apiserver_audit_level_total{level="${level}"} ${this.#levels.get(level) ?? 0}`);
    }
    return `${lines.join('\n')}\n`;
  }
}
