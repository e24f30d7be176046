/** What `/metrics` says of admission policies. */
interface Checked {
  readonly policy: string;
  readonly binding: string;
  readonly action: string;
  /** The policy could not be evaluated. */
  readonly failed: boolean;
}

const seriesMax = 2000;

export class PolicyMetrics {
  readonly #name: string;
  readonly #counts = new Map<string, number>();

  constructor(kind: 'validating' | 'mutating') {
    this.#name = `apiserver_${kind}_admission_policy_check_total`;
  }

  checked({ policy, binding, action, failed }: Checked): void {
    const type = failed ? 'invalid_error' : 'no_error';
    const labels = `enforcement_action="${action}",error_type="${type}",policy="${escaped(policy)}",policy_binding="${escaped(binding)}"`;
    if (!this.#counts.has(labels) && this.#counts.size >= seriesMax) return;
    this.#counts.set(labels, (this.#counts.get(labels) ?? 0) + 1);
  }

  /** Prometheus text. */
  render(): string {
    if (this.#counts.size === 0) return '';
    const lines = [`# TYPE ${this.#name} counter`];
    for (const [labels, count] of this.#counts) lines.push(`${this.#name}{${labels}} ${count}`);
    return `${lines.join('\n')}\n`;
  }
}

function escaped(text: string): string {
  return text.slice(0, 253).replace(/[\\"\n]/g, '_');
}
