import type { Taint } from '@skerry/api';
import { matchesNodeSelectorTerm, untoleratedTaint } from '@skerry/api';
import type { PrepareScore } from '#scores/score.ts';
import { normalize, scoreEach, scoreMax } from '#scores/score.ts';

/** Avoids nodes with `PreferNoSchedule` taints that the pod doesn't tolerate. */
export const taintToleration: PrepareScore = ({ pod }, _snapshot, feasible) => {
  const prefers = feasible.some(({ taints }) => taints.some(({ effect }) => effect === 'PreferNoSchedule'));
  if (!prefers) return undefined;
  const tolerations = pod.spec?.tolerations;
  return (nodes) => {
    const dislikes = (taint: Taint) => untoleratedTaint(tolerations, [taint], ['PreferNoSchedule']);
    const scores = scoreEach(nodes, ({ taints }) => taints.filter(dislikes).length);
    return normalize(scores, { reverse: true });
  };
};

/** Sums the weights of the preferred node affinity terms that match. */
export const nodeAffinity: PrepareScore = ({ pod, profile }) => {
  const added = profile?.arguments.addedAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const own = pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const terms = added.length > 0 ? [...added, ...own] : own;
  if (terms.length === 0) return undefined;
  return (nodes) => {
    const scores = scoreEach(nodes, ({ node }) => {
      let sum = 0;
      for (const { weight, preference } of terms)
        if (matchesNodeSelectorTerm(preference, node)) sum += weight;
      return sum;
    });
    return normalize(scores, { reverse: false });
  };
};

const mebibyte = 1024 * 1024;
const sizeMin = 23 * mebibyte;
const sizeMaxPerContainer = 1000 * mebibyte;

/** Prefers nodes that have the pod's images; an image counts more the more nodes have it, so that one node isn't flooded. */
export const imageLocality: PrepareScore = ({ pod }, snapshot) => {
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  const names = [
    ...containers.map(({ image }) => image),
    ...(pod.spec?.volumes ?? []).map(({ image }) => image?.reference),
  ].flatMap((name) => (name ? [tagged(name)] : []));
  const spread = names.map((name) => snapshot.imageSpread(name) / snapshot.nodes.length);
  if (!spread.some((share) => share > 0)) return undefined;
  const sizeMax = sizeMaxPerContainer * containers.length;
  return (nodes) =>
    scoreEach(nodes, ({ images }) => {
      let sum = 0;
      for (let i = 0; i < names.length; i++) sum += Math.floor((images.get(names[i]!) ?? 0) * spread[i]!);
      const size = Math.min(Math.max(sum, sizeMin), sizeMax);
      return Math.floor((scoreMax * (size - sizeMin)) / (sizeMax - sizeMin));
    });
};

function tagged(name: string): string {
  return name.lastIndexOf(':') <= name.lastIndexOf('/') ? `${name}:latest` : name;
}
