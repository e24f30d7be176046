/** What wants attention of a cluster, worst first, with what only the center itself knows of it. */
import { links, type Attention, type Tone } from '#contract/index.ts';
import type { ClusterFacts } from '#overview/cluster-directory.ts';
import { findings, type AttentionInput, type Finding } from '#overview/attention-rules.ts';

const dayMs = 24 * 60 * 60_000;
const expiring = { warningDays: 30, errorDays: 7 };
/** Of one cluster; of more, the worst. */
const attentionMax = 100;

const ranks: Readonly<Record<Tone, number>> = {
  error: 0,
  disconnected: 1,
  warning: 2,
  progressing: 3,
  unknown: 4,
  ok: 5,
};

export function clusterAttention(
  cluster: string,
  {
    facts,
    input,
    trouble,
    nowMs,
  }: {
    readonly facts: ClusterFacts | undefined;
    /** Absent where the cluster can't be asked. */
    readonly input?: AttentionInput;
    /** Why it can't. */
    readonly trouble?: string | undefined;
    readonly nowMs: number;
  },
): Attention[] {
  return [...ownFindings(cluster, { facts, trouble, nowMs }), ...(input ? findings(input) : [])]
    .toSorted((a, b) => ranks[a.tone] - ranks[b.tone])
    .slice(0, attentionMax)
    .map((finding) => ({ ...finding, values: { ...finding.values }, cluster }));
}

function ownFindings(
  cluster: string,
  { facts, trouble, nowMs }: { facts: ClusterFacts | undefined; trouble: string | undefined; nowMs: number },
): Finding[] {
  const found: Finding[] = [];
  const link = links.cluster(cluster);
  const why = trouble ?? (facts?.state.state === 'Unreachable' ? (facts.state.why ?? '') : undefined);
  if (why !== undefined) {
    found.push({
      rule: 'cluster-unreachable',
      tone: 'error',
      values: { cluster, why },
      message: `the cluster ${cluster} does not answer: ${why}`,
      link,
    });
  }
  if (facts?.state.state === 'Failed') {
    const reason = facts.state.why ?? '';
    found.push({
      rule: 'cluster-failed',
      tone: 'error',
      values: { cluster, why: reason },
      message: `the cluster ${cluster} could not be made: ${reason}`,
      link,
    });
  }
  for (const { name, notAfter } of facts?.certificates ?? []) {
    const days = Math.floor((Date.parse(notAfter) - nowMs) / dayMs);
    if (Number.isNaN(days) || days > expiring.warningDays) continue;
    found.push({
      rule: 'certificate-expiring',
      tone: days <= expiring.errorDays ? 'error' : 'warning',
      values: { certificate: name, days, notAfter },
      message:
        days < 0
          ? `the certificate ${name} expired at ${notAfter}`
          : `the certificate ${name} expires in ${days} days`,
      link,
    });
  }
  for (const { component, version, why: reason } of facts?.failedComponents ?? []) {
    found.push({
      rule: 'component-failed',
      tone: 'error',
      values: { component, version, why: reason },
      message: `the component ${component} ${version} failed: ${reason}`,
      link: links.components(cluster),
    });
  }
  return found;
}
