/** The pods of this machine in the words that it says of them to itself and to the other members of its pool. */
import type { NodePods } from '@skerry/agent';
import type { PodWord } from '@skerry/network';

export function podWords(pods: NodePods): PodWord[] {
  return pods.list().map(({ pod, status }) => ({
    uid: pod.metadata.uid ?? '',
    addresses: (status?.podIPs ?? []).flatMap(({ ip }) => ip ?? []),
    isReady: status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True',
    isTerminating: pod.metadata.deletionTimestamp !== undefined,
    hasEnded: status?.phase === 'Succeeded' || status?.phase === 'Failed',
  }));
}
