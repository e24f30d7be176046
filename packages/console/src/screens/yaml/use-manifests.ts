/** The way from a text to objects in a cluster: read, asked about, made. Each step's answers are kept as long as the text stands. */
import { useState } from 'react';
import { queryClient } from '#api/queries.ts';
import { applyManifest, checkManifest, expectKind } from '#manifests/apply.ts';
import { definesKind, inOrder, readManifests, type ReadFault } from '#manifests/manifest.ts';
import type { Reviewed } from './review-list.tsx';

export interface ManifestsState {
  readonly step: 'writing' | 'checking' | 'reviewed' | 'applying' | 'done';
  readonly reviewed: readonly Reviewed[];
  readonly faults: readonly ReadFault[];
}

const writing: ManifestsState = { step: 'writing', reviewed: [], faults: [] };
const parallelMax = 4;

interface Asked {
  readonly text: string;
  readonly namespace: string;
  readonly force: boolean;
}

export function useManifests(cluster: string) {
  const [state, setState] = useState<ManifestsState>(writing);

  const check = async ({ text, namespace, force }: Asked): Promise<readonly Reviewed[] | undefined> => {
    setState({ step: 'checking', reviewed: [], faults: [] });
    await painted();
    const { manifests, faults } = readManifests(text);
    const ordered = inOrder(manifests);
    let reviewed: readonly Reviewed[] = ordered.map((manifest) => ({ manifest }));
    if (faults.length > 0 || ordered.length === 0) {
      setState({ step: 'writing', reviewed: [], faults });
      return undefined;
    }
    setState({ step: 'checking', reviewed, faults });
    const waiting = [...ordered];
    const next = async (): Promise<void> => {
      for (let manifest = waiting.shift(); manifest; manifest = waiting.shift()) {
        const { index } = manifest;
        const answer = await checkManifest(cluster, manifest, { namespace, force, all: ordered });
        reviewed = reviewed.map((one) => (one.manifest.index === index ? { ...one, check: answer } : one));
        setState({ step: 'checking', reviewed, faults });
      }
    };
    await Promise.all(Array.from({ length: parallelMax }, next));
    setState({ step: 'reviewed', reviewed, faults });
    return reviewed;
  };

  /** One after the other; a failure doesn't keep the others, which say themselves if they miss something. */
  const apply = async (
    checked: readonly Reviewed[],
    { namespace, force }: Omit<Asked, 'text'>,
  ): Promise<void> => {
    let reviewed = checked;
    const put = (index: number, outcome: Reviewed['outcome']): void => {
      reviewed = reviewed.map((one) => (one.manifest.index === index && outcome ? { ...one, outcome } : one));
      setState({ step: 'applying', reviewed, faults: [] });
    };
    for (const { manifest } of checked) {
      put(manifest.index, 'running');
      if (checked.some((one) => definesKind(one.manifest, manifest))) expectKind(manifest);
      put(manifest.index, await applyManifest(cluster, manifest, { namespace, force }));
    }
    setState({ step: 'done', reviewed, faults: [] });
    void queryClient.invalidateQueries({ queryKey: ['object', cluster] });
  };

  return { state, check, apply, reset: () => setState(writing) };
}

export function isReady(reviewed: readonly Reviewed[]): boolean {
  return (
    reviewed.length > 0 &&
    reviewed.every(({ check }) => check && check.state !== 'failed' && check.state !== 'conflict')
  );
}

export function changesExisting(reviewed: readonly Reviewed[]): boolean {
  return reviewed.some(({ check }) => check?.state === 'changed');
}

/** A long text takes seconds to read: the screen says first that it is being done. */
function painted(): Promise<void> {
  return new Promise((resolve) => {
    requestAnimationFrame(() => setTimeout(resolve));
  });
}
