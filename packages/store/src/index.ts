export * from './contract.ts';
export { openMemoryStore } from './memory/memory-store.ts';
