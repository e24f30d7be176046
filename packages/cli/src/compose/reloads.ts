import type { MetricRegistry } from '@skerry/base';

/** How often a configuration file was taken up while the server ran, and how often it could not be, for `/metrics`. */
export class Reloads {
  readonly #counts = { success: 0, failure: 0 };

  succeeded(): void {
    this.#counts.success++;
  }

  failed(): void {
    this.#counts.failure++;
  }

  measure(metrics: MetricRegistry, described: { readonly name: string; readonly help: string }): void {
    metrics.sampled({ ...described, type: 'counter', labels: ['status'] }, () =>
      Object.entries(this.#counts).map(([status, count]) => [[status], count] as const),
    );
  }
}
