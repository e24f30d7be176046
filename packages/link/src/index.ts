export { createLinkClient } from '#client.ts';
export type { LinkClient, LinkClientOptions, LinkState, LinkTraffic, PodTarget } from '#client.ts';
export { connectTls, type ConnectTlsOptions } from '#connect.ts';
export { connectThroughProxy, noProxyUrl, parseProxy } from '#http-proxy.ts';
export { isExcepted } from '#no-proxy.ts';
export {
  createLinkHub,
  drillPatienceMs,
  type LabelStream,
  type LinkHub,
  type LinkHubOptions,
  type LinkStats,
} from '#hub.ts';
export type { BytesByPurpose, PurposeBytes } from '#meter/link-bytes.ts';
export type { WireCounters } from '#meter/link-meter.ts';
export { linkPurposes, type LinkPurpose } from '#meter/purposes.ts';
export {
  drillSecondsMax,
  heartbeatMsDefault,
  heartbeatMsMax,
  heartbeatMsMin,
  linkProtocol,
} from '#protocol.ts';
export { Resumption } from '#resumption.ts';
export { RelayHub, type RelayHubOptions, type RelayRights } from './relay/relay-hub.ts';
export { RelayPort } from './relay/relay-port.ts';
export { upgradePath } from '#upgrade.ts';
export { type Way, Ways } from '#way.ts';
