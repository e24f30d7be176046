import { humanDuration, type Job } from '@skerry/api';
import type { JobFacts } from '#cache/facts.ts';
import { column } from '#views/columns.ts';
import type { DeclaredColumn } from '#views/view-kind.ts';

/** `osaka-1 3, tokyo-0 2`; of many pools, the three with most pods. */
export function spreadColumn(kind: string): DeclaredColumn {
  return column('pools', 'Pools', {
    derive: ({ metadata: { name, namespace = '' } }, context) => {
      const spread = context.spreadOf({ kind, namespace, name });
      const told = spread.slice(0, poolsTold).map(({ pool, pods }) => `${pool || '-'} ${pods}`);
      const more = spread.length - told.length;
      return told.length === 0 ? null : `${told.join(', ')}${more > 0 ? `, ${more} more` : ''}`;
    },
  });
}

const poolsTold = 3;

export const jobDuration = column('duration', 'Duration', {
  derive: ({ facts }, { nowMs }) =>
    facts?.kind === 'job' && facts.startedMs !== undefined
      ? humanDuration((facts.endedMs ?? nowMs) - facts.startedMs)
      : null,
});

export function jobFacts(job: Job): JobFacts {
  const { startTime, completionTime, conditions } = job.status ?? {};
  const failed = conditions?.find(({ type, status }) => type === 'Failed' && status === 'True');
  const ended = completionTime ?? failed?.lastTransitionTime;
  return {
    kind: 'job',
    ...(startTime ? { startedMs: Date.parse(startTime) } : {}),
    ...(ended ? { endedMs: Date.parse(ended) } : {}),
  };
}
