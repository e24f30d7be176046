/**
 * A node among the members of its pool: who they are it knows from its pool's network, kept on disk; what it says is of its
 * agent's pods; what it hears serves the endpoints of Services while it is cut off, and goes to the center, in an annotation of
 * its own Node, when a member fell silent or one without a link is heard.
 */
import { BlockList, isIP } from 'node:net';
import { type Node, peersAnnotation, type PoolMember } from '@skerry/api';
import { describeError, type Clock, type Logger, type Service, sleep, supervise } from '@skerry/base';
import { type ApiClient, resources } from '@skerry/client';
import type { Vault } from '@skerry/hub';
import type { LocalKnowledge, PodWord } from '@skerry/network';
import { createPeers, type Credentials, type PeerReport, type Peers, type PeersOptions } from '@skerry/peers';

export interface NodePeersOptions {
  readonly nodeName: string;
  /** Undefined where the node is in none, and so has nobody to hear. */
  readonly pool: string | undefined;
  readonly authorityPem: string;
  readonly credentials: () => Credentials;
  /** The machine's address in its network. */
  readonly host: string;
  readonly members: () => readonly PoolMember[];
  readonly pods: () => readonly PodWord[];
  readonly isLinked: () => boolean;
  /** What outlives a restart; nothing does where absent. */
  readonly vault: Vault | undefined;
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
}

export interface NodePeers extends Service {
  readonly knowledge: LocalKnowledge;
  /** Pods of this machine may be others, or in another state. */
  podsChanged(): void;
  linkChanged(): void;
  credentialsChanged(): void;
}

const reportEveryMs = 5_000;

export function createNodePeers(options: NodePeersOptions): NodePeers {
  const { nodeName, pool, isLinked, members } = options;
  const listeners = new Set<(node?: string) => void>();
  const tell = (node?: string) => {
    for (const listener of listeners) listener(node);
  };
  const peers =
    pool === undefined
      ? undefined
      : createPeers({ ...options, pool, memory: memoryIn(options.vault), onChange: tell });
  let own: ReadonlyMap<string, PodWord> = new Map();
  let known = '';
  return {
    name: 'peers of the node',
    knowledge: {
      isCut: () => !isLinked(),
      podOn(node, uid) {
        if (node === nodeName) return own.get(uid);
        const said = peers?.pod(node, uid);
        if (!said) return undefined;
        const member = members().find((each) => each.node === node);
        return { ...said, addresses: member ? said.addresses.filter((one) => isOf(member, one)) : [] };
      },
      isSilent: (node) => node !== nodeName && peers?.isSilent(node) === true,
      onChange(listener) {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    },
    podsChanged() {
      const pods = options.pods();
      // Pods are told of whenever they were looked at.
      const text = JSON.stringify(pods);
      if (text === known) return;
      known = text;
      own = new Map(pods.map((pod) => [pod.uid, pod]));
      tell(nodeName);
      peers?.look();
    },
    linkChanged() {
      tell();
      peers?.look();
    },
    credentialsChanged: () => peers?.renewed(),
    async run(signal) {
      if (!peers) {
        await new Promise<void>((resolve) =>
          signal.addEventListener('abort', () => resolve(), { once: true }),
        );
        return;
      }
      const { clock, log } = options;
      await Promise.all([supervise(peers, { clock, log, signal }), keepReporting(options, peers, signal)]);
    },
  };
}

const heardKey = 'peers-heard';

function memoryIn(vault: Vault | undefined): PeersOptions['memory'] {
  return {
    read: () => (vault?.get(heardKey) ?? '').split(' ').filter((node) => node !== ''),
    write: (heard) => vault?.set(heardKey, heard.join(' ')),
  };
}

/** A machine speaks for its own pods, and so for addresses of its own alone. */
function isOf(member: PoolMember, address: string): boolean {
  return (
    member.addresses.includes(address) ||
    rangesOf(member).check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
  );
}

/** Asked for each pod of each endpoint, and the same until the member is told of anew. */
const knownRanges = new WeakMap<PoolMember, BlockList>();

function rangesOf(member: PoolMember): BlockList {
  let ranges = knownRanges.get(member);
  if (ranges) return ranges;
  ranges = new BlockList();
  for (const range of member.podCIDRs) {
    const [base = '', bits] = range.split('/');
    ranges.addSubnet(base, Number(bits), isIP(base) === 6 ? 'ipv6' : 'ipv4');
  }
  knownRanges.set(member, ranges);
  return ranges;
}

async function keepReporting(options: NodePeersOptions, peers: Peers, signal: AbortSignal): Promise<void> {
  const { isLinked, clock, log } = options;
  // What a former run of this program said may still be there.
  let told: string | undefined;
  while (!signal.aborted) {
    const text = textOf(peers.report());
    if (text !== told && isLinked()) {
      try {
        await writeReport(options, text);
        told = text;
      } catch (error) {
        log.debug('pool members not reported', { error: describeError(error) });
      }
    }
    await sleep(clock, reportEveryMs, signal).catch(() => undefined);
  }
}

/** Nothing is said of a pool in which all is well. */
function textOf({ silent, heard }: PeerReport): string {
  return silent.length + heard.length === 0 ? '' : JSON.stringify({ silent, heard });
}

async function writeReport({ client, nodeName }: NodePeersOptions, text: string): Promise<void> {
  const nodes = client.resource<Node>(resources.nodes);
  const node = await nodes.get(nodeName);
  if ((node.metadata.annotations?.[peersAnnotation] ?? '') === text) return;
  const annotations = { [peersAnnotation]: text === '' ? null : text };
  await nodes.patch(nodeName, { metadata: { annotations } }, { type: 'merge' });
}
