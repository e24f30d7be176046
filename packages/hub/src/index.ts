export { createHub, type Hub, type HubOptions } from '#hub.ts';
export { listenHub, type HubServer, type HubServerOptions } from '#server/hub-server.ts';
export type { LocalEdit } from '#coverage/coverages.ts';
export type { Caller, LocalPods, Upstream } from '#contract.ts';
export type { Vault } from '#vault.ts';
export {
  createServerUpstream,
  type ServerUpstream,
  type ServerUpstreamOptions,
} from '#upstream/server-upstream.ts';
