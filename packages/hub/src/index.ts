export { createHub, type Hub, type HubOptions } from '#hub.ts';
export type { Caller, LocalPods, Upstream } from '#contract.ts';
export type { Vault } from '#vault.ts';
