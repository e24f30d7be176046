/**
 * Bodies that are read whole to be kept, within a bound for each and one for all at a time. What is longer is not kept, and
 * goes on to whoever asked piece by piece.
 */
export type ReadBody =
  | { readonly type: 'whole'; readonly bytes: Uint8Array }
  | { readonly type: 'stream'; readonly body: AsyncIterable<Uint8Array> };

export class BodyReader {
  readonly #totalMax: number;
  #total = 0;

  constructor(totalMax: number) {
    this.#totalMax = totalMax;
  }

  async read(body: AsyncIterable<Uint8Array>, bytesMax: number): Promise<ReadBody> {
    const chunks: Uint8Array[] = [];
    let length = 0;
    const iterator = body[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await iterator.next();
        if (next.done) return { type: 'whole', bytes: Buffer.concat(chunks, length) };
        chunks.push(next.value);
        length += next.value.length;
        this.#total += next.value.length;
        if (length > bytesMax || this.#total > this.#totalMax)
          return { type: 'stream', body: goOn(chunks, iterator) };
      }
    } finally {
      this.#total -= length;
    }
  }
}

async function* goOn(
  chunks: readonly Uint8Array[],
  iterator: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
  } finally {
    await iterator.return?.();
  }
}
