/** What machines say of themselves, as those need it who can't hear of it from the center. */

/** A pod in the words of the machine that it runs on. */
export interface PodWord {
  readonly uid: string;
  /** None where it has none yet. */
  readonly addresses: readonly string[];
  readonly isReady: boolean;
  readonly isTerminating: boolean;
  /** It will not run again: it is an endpoint of nothing. */
  readonly hasEnded: boolean;
}

export interface LocalKnowledge {
  /** Whether the center's word doesn't reach this machine now. */
  isCut(): boolean;
  /** Undefined where nothing is heard of the pod. */
  podOn(node: string, uid: string): PodWord | undefined;
  /** Whether the machine was heard before and is not now: its power is gone, or its network. */
  isSilent(node: string): boolean;
  /** With the machine of which something new is known, or none where the link came or went. Returns what ends the telling. */
  onChange(tell: (node?: string) => void): () => void;
}
