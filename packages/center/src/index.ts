export type * from './contract/index.ts';
export * from '#http/index.ts';
export * from '#access/cluster-access.ts';
