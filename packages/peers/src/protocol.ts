/**
 * What members of a pool say to each other on their local network, every few seconds: which statements each holds, and those
 * that the other lacks. Hearing from a member at all is the heartbeat; what it says of its pods travels on from member to member,
 * signed by itself.
 */

/** TCP, with TLS 1.3 and certificates on both ends. */
export const peerPort = 10_269;
export const exchangePath = '/v1/exchange';

export const callEveryMs = 5_000;
export const callTimeoutMs = 4_000;
/** Four calls that did not come. */
export const silentAfterMs = 20_000;

export const bodyBytesMax = 4 << 20;
/** In one message; the rest follows with the next. */
export const statementsMax = 64;
export const membersMax = 1_000;

/** Orders the statements of one member: `epoch` grows with each of its starts. */
export interface Version {
  readonly epoch: number;
  readonly sequence: number;
}

export interface SignedStatement {
  /** JSON of a `Statement`. */
  readonly text: string;
  /** Base64, by the key of the member's certificate. */
  readonly signature: string;
  readonly certificatePem: string;
}

export interface Message {
  /** By name of the member: what the sender holds. */
  readonly digest: Readonly<Record<string, Version>>;
  readonly statements: readonly SignedStatement[];
}

export function isNewer(one: Version, than: Version | undefined): boolean {
  if (!than || one.epoch !== than.epoch) return one.epoch > (than?.epoch ?? -1);
  return one.sequence > than.sequence;
}
