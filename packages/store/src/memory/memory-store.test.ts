import { openMemoryStore } from '#memory/memory-store.ts';
import { describeStore } from '#testing/store-suite.ts';

describeStore('the memory store', async (options) => openMemoryStore(options));
