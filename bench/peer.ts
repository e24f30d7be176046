/**
 * One load on two servers, ours and the real kube-apiserver with etcd, and what becomes of the two sets of figures. Where
 * the real one isn't on the machine, figures stand beside those that were recorded elsewhere, which decide nothing.
 */
import recorded from './recorded.json' with { type: 'json' };
import type { Measurement } from './figure.ts';
import type { BenchTarget } from './target.ts';

/** One figure of a load, the same on every server. */
export interface LoadFigure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** How many times the peer's value the design asks for. */
  readonly ratioLeast?: number;
  readonly smallerIsBetter?: boolean;
  /** Bounds of its own, whatever the peer does. */
  readonly most?: number;
  readonly least?: number;
}

const apiServerName = 'kube-apiserver with etcd';

/** What stops when it has been measured. */
interface Stoppable {
  stop(): Promise<void>;
}

export async function comparePeer<T extends Stoppable = BenchTarget>(
  ours: readonly LoadFigure[],
  startPeer: () => Promise<T | undefined>,
  load: (target: T) => Promise<LoadFigure[]>,
  peerName = apiServerName,
): Promise<Measurement[]> {
  const peer = await startPeer();
  if (!peer) return ours.map((figure) => besideRecorded(figure, peerName));
  try {
    const theirs = new Map((await load(peer)).map((figure) => [figure.name, figure.value]));
    return ours.map(({ ratioLeast, smallerIsBetter, most, least, ...figure }) => ({
      ...figure,
      ...(most === undefined ? {} : { most }),
      ...(least === undefined ? {} : { least }),
      comparison: {
        peer: `${peerName}, same load in this run`,
        measured: true,
        ...(theirs.has(figure.name) ? { value: theirs.get(figure.name)! } : {}),
        ...(ratioLeast === undefined ? {} : { ratioLeast }),
        ...(smallerIsBetter ? { smallerIsBetter } : {}),
      },
    }));
  } finally {
    await peer.stop();
  }
}

function besideRecorded(
  { ratioLeast, smallerIsBetter, ...figure }: LoadFigure,
  peerName: string,
): Measurement {
  const value = (recorded.values as Record<string, number>)[figure.name];
  return {
    ...figure,
    comparison: {
      peer: `${peerName}, recorded on ${recorded.machine}, ${recorded.date}`,
      measured: false,
      ...(value === undefined ? {} : { value }),
      ...(ratioLeast === undefined ? {} : { ratioLeast }),
      ...(smallerIsBetter ? { smallerIsBetter } : {}),
    },
  };
}
