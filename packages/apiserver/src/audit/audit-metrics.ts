import { auditLevels, type AuditLevel, type AuditSink } from '#audit/audit-event.ts';

/** How many requests each level was chosen for, and what became of the events, as `/metrics` shows them. */
export class AuditMetrics {
  readonly #levels = new Map<AuditLevel, number>();
  #rejected = 0;

  decided(level: AuditLevel): void {
    this.#levels.set(level, (this.#levels.get(level) ?? 0) + 1);
  }

  /** A request was refused because the log could not take it. */
  rejected(): void {
    this.#rejected++;
  }

  /** Prometheus text; empty where no log is written. */
  render(log: { readonly sink: AuditSink } | undefined): string {
    if (!log) return '';
    const { plugins } = log.sink;
    const events = plugins.map(({ counts }) => counts.recorded + counts.dropped);
    const lines = ['# TYPE apiserver_audit_event_total counter'];
    lines.push(`apiserver_audit_event_total ${Math.max(0, ...events)}`);
    lines.push('# TYPE apiserver_audit_error_total counter');
    for (const { name, counts } of plugins)
      lines.push(`apiserver_audit_error_total{plugin="${name}"} ${counts.dropped}`);
    lines.push('# TYPE apiserver_audit_level_total counter');
    for (const level of auditLevels) {
      lines.push(`apiserver_audit_level_total{level="${level}"} ${this.#levels.get(level) ?? 0}`);
    }
    lines.push('# TYPE apiserver_audit_requests_rejected_total counter');
    lines.push(`apiserver_audit_requests_rejected_total ${this.#rejected}`);
    return `${lines.join('\n')}\n`;
  }
}
