import { metadataStart } from '#json-head.ts';

const quote = 0x22;
const backslash = 0x5c;
const open = 0x7b;
const close = 0x7d;

/**
 * The text of `metadata` inside an object's JSON, found by counting braces: whoever asks for the metadata of fifty thousand objects
 * should not pay for parsing all of their specs. Undefined when the JSON does not begin with kind, apiVersion and metadata.
 */
export function metadataText(json: Uint8Array): Uint8Array | undefined {
  const bytes = Buffer.from(json.buffer, json.byteOffset, json.length);
  const start = metadataStart(bytes);
  if (start < 0) return undefined;
  let depth = 0;
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === quote) {
      at = endOfString(bytes, at);
      if (at < 0) return undefined;
    } else if (byte === open) depth++;
    else if (byte === close && --depth === 0) return bytes.subarray(start, at + 1);
  }
  return undefined;
}

/** The index of the quote that closes the string begun at `start`; -1 when there is none. */
function endOfString(bytes: Buffer, start: number): number {
  for (let at = start + 1; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === backslash) at++;
    else if (byte === quote) return at;
  }
  return -1;
}
