import { existsSync } from 'node:fs';

/** The store's writer thread lies beside the bundle; sources find it by themselves. */
export function storeWriterUrl(): URL | undefined {
  const bundled = new URL('./store-writer.mjs', import.meta.url);
  if (existsSync(bundled)) return bundled;
  // Shared chunks lie one folder below the entry files.
  const above = new URL('../store-writer.mjs', import.meta.url);
  return existsSync(above) ? above : undefined;
}
