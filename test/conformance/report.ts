/** The outcome for people (a table, a document) and for programs (numbers by area). */
import type { CaseResult } from './compare-servers.ts';

export interface AreaResult {
  readonly area: string;
  readonly passed: number;
  readonly failed: number;
  /** Known differences. */
  readonly skipped: number;
  readonly reasons: readonly string[];
}

/** Reasons that are told of one area. */
const reasonsMax = 20_000;

export function areasOf(results: readonly CaseResult[]): AreaResult[] {
  return [...new Set(results.map(({ area }) => area))].map((area) => {
    const own = results.filter((result) => result.area === area);
    const count = (outcome: CaseResult['outcome']) =>
      own.filter((result) => result.outcome === outcome).length;
    const reasons = own.flatMap(({ name, outcome, reasons: told }) =>
      told.map((reason) => (outcome === 'known' ? `${name}: known: ${reason}` : `${name}: ${reason}`)),
    );
    return {
      area,
      passed: count('passed'),
      failed: count('failed'),
      skipped: count('known'),
      reasons: reasons.slice(0, reasonsMax),
    };
  });
}

export function tableOf(results: readonly CaseResult[], { verbose }: { readonly verbose: boolean }): string {
  const areas = areasOf(results);
  const width = Math.max(...areas.map(({ area }) => area.length), 4);
  const lines = areas.map(
    ({ area, passed, failed, skipped }) =>
      `${area.padEnd(width)}  ${String(passed).padStart(6)}  ${String(failed).padStart(6)}  ${String(skipped).padStart(6)}`,
  );
  const failures = results
    .filter(({ outcome }) => outcome === 'failed')
    .flatMap(({ area, name, reasons }) => [
      `✗ ${area}: ${name}`,
      ...reasons.slice(0, verbose ? reasons.length : 2).map((reason) => `    ${reason}`),
    ]);
  const total = (outcome: CaseResult['outcome']) =>
    results.filter((result) => result.outcome === outcome).length;
  return [
    ...failures,
    `${'area'.padEnd(width)}  passed  failed   known`,
    ...lines,
    `${total('passed')} passed, ${total('failed')} failed, ${total('known')} with known differences`,
  ].join('\n');
}

export function documentOf(results: readonly CaseResult[]): string {
  const areas = areasOf(results);
  const rows = areas.map(
    ({ area, passed, failed, skipped }) => `| ${area} | ${passed} | ${failed} | ${skipped} |`,
  );
  const known = new Map<string, number>();
  for (const { outcome, reasons } of results) {
    if (outcome === 'known') for (const reason of reasons) known.set(reason, (known.get(reason) ?? 0) + 1);
  }
  const failed = results.filter(({ outcome }) => outcome === 'failed');
  return `# Conformance

Our API server is asked the same as kube-apiserver 1.36.3 on etcd, without controllers on either side, and every field of the
answers is compared; uids, revisions, times and allocated addresses are compared by identity, not by value. Written by
\`npm run conformance -- --report\`, which needs no other server: the answers of the real one are recorded. What
Kubernetes' own suite says of a whole cluster is on [another page](conformance-suite.md).

| area | equal | different | known differences |
|---|---|---|---|
${rows.join('\n')}

## Known differences

${known.size === 0 ? 'None.' : [...known].map(([reason, count]) => `- ${reason} (${count} cases)`).join('\n')}

## Different

${failed.length === 0 ? 'Nothing.' : failed.map(({ area, name }) => `- ${area}: ${name}`).join('\n')}
`;
}

/** The cases that a document lists as different. */
export function listedIn(document: string): ReadonlySet<string> {
  const [, list = ''] = document.split('\n## Different\n');
  return new Set([...list.matchAll(/^- (.*)$/gm)].map((match) => match[1]!));
}
