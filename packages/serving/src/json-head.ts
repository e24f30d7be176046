const headMax = 256;
const head = /^\{(?:"(?:kind|apiVersion)":"[^"\\]*",)*"metadata":\{/;

/**
 * The index of the brace that opens `metadata` in an object's JSON; -1 when the text does not begin with kind, apiVersion and metadata, as
 * what this server has written does. Only there can it be told from a `metadata` further inside without parsing.
 */
export function metadataStart(bytes: Buffer): number {
  const found = head.exec(bytes.toString('latin1', 0, headMax));
  return found ? found[0].length - 1 : -1;
}
