export { createLinkClient } from '#client.ts';
export type { LinkClient, LinkClientOptions, LinkState, PodTarget } from '#client.ts';
export { connectTls, type ConnectTlsOptions } from '#connect.ts';
export { isExcepted } from '#http-proxy.ts';
export { createLinkHub, type LinkHub, type LinkHubOptions, type LinkStats } from '#hub.ts';
export { heartbeatMsDefault, linkProtocol } from '#protocol.ts';
export type { TrafficBytes } from '#traffic.ts';
export { RelayHub, type RelayHubOptions, type RelayRights } from './relay/relay-hub.ts';
export { RelayPort } from './relay/relay-port.ts';
