/**
 * Gives every buffer bytes of its own. Node cuts small buffers out of slabs of 64 KiB, and one that is kept, such as an object
 * in the watch cache, keeps its whole slab: of a server that answers twenty requests for each object that it holds, slabs are
 * twenty times what is in them. Costs a microsecond a buffer. To be called before anything is kept.
 */
export function unpoolBuffers(): void {
  Buffer.poolSize = 0;
}
