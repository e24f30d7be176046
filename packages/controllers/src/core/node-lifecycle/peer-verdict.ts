/**
 * What the machines of a pool say of one of theirs that the center does not hear. Each says it in an annotation of its own Node,
 * which it alone may write, so that nobody votes for another. Only those count that have a link now and are near enough in
 * the pool's ring to hear the machine at all. Pure.
 */
import { isRecord } from '@skerry/base';
import { peersAnnotation, poolNeighbours, type Node, type PeerWord } from '@skerry/api';
import { readyStatus } from '#core/node-lifecycle/taints.ts';

export interface PeerVerdict {
  /** How many could tell. */
  readonly linked: number;
  /** How many of them no longer hear it. */
  readonly silent: number;
  /** Whether one of them says that it is there. */
  readonly isHeard: boolean;
}

/** Fewer are too few to tell a dead machine from a broken switch. */
const linkedMin = 3;

export function isDead({ linked, silent }: PeerVerdict): boolean {
  return linked >= linkedMin && silent > linked / 2;
}

/** `members`: of the node's pool, the node too. */
export function verdictOn(node: Node, members: readonly Node[]): PeerVerdict {
  const name = node.metadata.name ?? '';
  const byName = new Map(members.map((member) => [member.metadata.name ?? '', member]));
  const neighbours = poolNeighbours([...byName.keys()].sort(), name);
  const words = neighbours
    .flatMap((each) => byName.get(each) ?? [])
    .filter((member) => readyStatus(member) !== 'Unknown')
    .map(peerWordOf);
  const isHeardByAny = members.some(
    (member) => readyStatus(member) !== 'Unknown' && peerWordOf(member).heard.includes(name),
  );
  return {
    linked: words.length,
    silent: words.filter(({ silent }) => silent.includes(name)).length,
    isHeard: isHeardByAny,
  };
}

/** What a machine wrote; what can't be read says nothing. */
export function peerWordOf({ metadata }: Node): PeerWord {
  const text = metadata.annotations?.[peersAnnotation];
  if (text === undefined) return nothing;
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? { silent: names(value['silent']), heard: names(value['heard']) } : nothing;
  } catch {
    return nothing;
  }
}

const nothing: PeerWord = { silent: [], heard: [] };

function names(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}
