export * from './contract.ts';
export { type CompactionPolicy } from './compaction.ts';
export { openMemoryStore } from './memory/memory-store.ts';
export { openSqliteStore, type SqliteStoreOptions } from './sqlite/sqlite-store.ts';
