/** What both ends of a link agree on. A change that an older end can't follow needs a new ALPN name. */
import type http2 from 'node:http2';

/** ALPN name of the link on the API server's port. */
export const linkProtocol = 'skerry-link/1';

/** Channel numbers of the two HTTP/2 sessions. */
export const downChannel = 0;
export const upChannel = 1;

/** Authority of a CONNECT stream that leads to the node's kubelet-style server. */
export const kubeletAuthority = 'kubelet';

/** Authority of a CONNECT stream that carries datagrams between gateways of pools. */
export const crossingAuthority = 'crossing';

/**
 * Authority of a CONNECT stream that asks the node to behave as if its link were cut, for as long as the stream is open and
 * no longer than `drillSecondsHeader` says.
 */
export const drillAuthority = 'drill';
export const drillSecondsHeader = 'skerry-drill-seconds';
export const drillSecondsMax = 86_400;

/** What a stream is for; counted by it, never acted on. */
export const purposeHeader = 'skerry-purpose';

/** Why a CONNECT was refused, percent-encoded. */
export const errorHeader = 'skerry-error';

/**
 * Pings of the center. A ping, its answer and their acknowledgements cost about 300 bytes at IP level: every 19 s that is
 * 1.4 MB a day, and a link that is cut is noticed within 38 s. TCP repeats what a network loses, so a ping without an answer
 * for that long is no accident; asking more often would cost more and tell nothing new.
 */
export const heartbeatMsDefault = 19_000;

/** What a center may choose instead. */
export const heartbeatMsMin = 1_000;
export const heartbeatMsMax = 120_000;

/**
 * A setting of `down` in HTTP/2's range for experiments, by which the center says, in milliseconds, how often it pings; so a node
 * knows after how much silence its link is cut. An end that does not know it passes over it.
 */
const heartbeatSetting = 0xf0e1;

/** In the same range and unit: the longest pause that a node makes before it tries again. */
const pauseSetting = 0xf0e2;

/** Of a node that no center has told how many there are. */
export const pauseMsMax = 30_000;
/** A center that is away is asked no more often than this costs less than heartbeats do. */
const pauseMsMin = 10_000;
/** Of these one after another a center of two cores takes as long for the return of all. */
const pauseMsPerNode = 6;

/** Few machines have no reason to wait for as long as thousands do. */
export function pauseMsFor(nodes: number): number {
  return Math.min(Math.max(nodes * pauseMsPerNode, pauseMsMin), pauseMsMax);
}

export function downSettings({
  heartbeatMs,
  pauseMs,
}: {
  heartbeatMs: number;
  pauseMs: number;
}): http2.Settings {
  const customSettings = { [heartbeatSetting]: heartbeatMs, [pauseSetting]: pauseMs };
  return { ...sessionOptions.settings, customSettings };
}

export function pauseMsOf({ customSettings }: http2.Settings): number {
  const said = customSettings?.[pauseSetting] ?? pauseMsMax;
  return Math.min(Math.max(said, pauseMsMin), pauseMsMax);
}

/** What the center said, or its default. */
export function heartbeatMsOf({ customSettings }: http2.Settings): number {
  const said = customSettings?.[heartbeatSetting] ?? heartbeatMsDefault;
  return Math.min(Math.max(said, heartbeatMsMin), heartbeatMsMax);
}

/** Heartbeats without an answer after which a link counts as cut. */
export const silentHeartbeatsMax = 2;

/** Windows for 40 MB/s at 100 ms round trip in one stream. HTTP/2's own default, 64 KiB, gives 0.6. */
export const streamWindowBytes = 4 * 1024 * 1024;
export const sessionWindowBytes = 16 * 1024 * 1024;

/** Streams of one session at a time; a dial beyond it waits in HTTP/2's own queue and ends with the dial's deadline. */
export const concurrentStreamsMax = 512;

export const sessionOptions = {
  settings: {
    initialWindowSize: streamWindowBytes,
    maxConcurrentStreams: concurrentStreamsMax,
    enablePush: false,
  },
  // MiB. The default, 10, refuses new streams as soon as a few large ones are in flight.
  maxSessionMemory: 256,
} satisfies http2.ClientSessionOptions & http2.ServerOptions;

/**
 * The node's end of `down`. HTTP/2 ends a session whose client resets more than 33 streams a second for long, against
 * strangers who open and reset without end. Here the client is the center, proven by its certificate, and a tunnel to the
 * node's server often ends by a reset: without a higher bound some hundred requests a second would cut the link.
 */
export const downSessionOptions = {
  ...sessionOptions,
  remoteCustomSettings: [heartbeatSetting, pauseSetting],
  streamResetBurst: 100_000,
  streamResetRate: 20_000,
} satisfies http2.ServerOptions;
