import type { FilterName, Rejection } from '#filters/index.ts';

/** What kube-scheduler keeps of a message in an event. */
const eventMessageMax = 1024;

/** Why no node could take a pod. */
export interface Diagnosis {
  readonly nodeCount: number;
  /** By node name; nodes that weren't asked are missing. */
  readonly rejections: ReadonlyMap<string, Rejection>;
  /** Why nodes that weren't asked can't take it: another node was required. */
  readonly absentReason?: string;
  /** A fault of the pod itself that no node can mend. */
  readonly podReason?: string;
}

/** `0/4 nodes are available: 1 Insufficient cpu, 3 node(s) had untolerated taint(s).`, then what preemption says. */
export function diagnosisText(diagnosis: Diagnosis, afterword?: string): string {
  const { nodeCount, rejections, absentReason, podReason } = diagnosis;
  const head = `0/${nodeCount} nodes are available:`;
  const tail = afterword ? ` ${afterword}` : '';
  if (podReason) return `${head} ${podReason}.${tail}`;
  const times = new Map<Rejection, number>();
  for (const rejection of rejections.values()) times.set(rejection, (times.get(rejection) ?? 0) + 1);
  const counts = new Map<string, number>();
  const count = (reason: string, nodes: number) => counts.set(reason, (counts.get(reason) ?? 0) + nodes);
  for (const [{ reasons }, nodes] of times) for (const reason of reasons) count(reason, nodes);
  const absent = nodeCount - rejections.size;
  if (absentReason && absent > 0) count(absentReason, absent);
  const listed = [...counts].map(([reason, nodes]) => `${nodes} ${reason}`).toSorted();
  return `${head}${listed.length > 0 ? ` ${listed.join(', ')}.` : ''}${tail}`;
}

/** The filters that said no: what decides which changes are worth a new try. */
export function rejectingFilters({ rejections, podReason, absentReason }: Diagnosis): Set<FilterName> {
  const filters = new Set<FilterName>();
  for (const { filter } of rejections.values()) filters.add(filter);
  if (podReason) filters.add('VolumeBinding');
  if (absentReason) filters.add('NodeAffinity');
  return filters;
}

export function eventMessage(message: string): string {
  if (message.length <= eventMessageMax) return message;
  const suffix = ' ...';
  return message.slice(0, eventMessageMax - suffix.length) + suffix;
}
