export { createPeers, type PeerReport, type Peers, type PeersOptions } from './peers.ts';
export type { Member } from './member-table.ts';
export type { Credentials, PeerPod } from './statement.ts';
export { peerPort } from './protocol.ts';
