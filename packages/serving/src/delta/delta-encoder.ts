import { zstdCompressSync } from 'node:zlib';
import type { Encoder } from '#contract.ts';
import { deltaWatchType, dictionaryBytesMax, frame, frameTypes, number, text } from '#delta/delta-frame.ts';

/** Of what zlib lets its answer grow by. Most are some hundred bytes, and making the usual 16 KiB for each takes half the time. */
const chunkSize = 2048;

/** The watch form of `json` for a reader who holds what it has been sent; lists and objects are those of `json`. */
export function deltaEncoder(json: Encoder): Encoder {
  return {
    ...json,
    watchContentType: deltaWatchType,
    event(type, item, _first, base) {
      const place = [text(item.key), number(item.revision)];
      if (type === 'DELETED') return frame(frameTypes.gone, place);
      const bytes = json.object(item);
      if (type === 'MODIFIED' && base) {
        const held = json.object(base);
        if (held.length <= dictionaryBytesMax && bytes.length <= dictionaryBytesMax)
          return frame(frameTypes.changed, [...place, number(base.revision), changed(bytes, held)]);
      }
      return frame(type === 'ADDED' ? frameTypes.added : frameTypes.modified, [
        ...place,
        zstdCompressSync(bytes, { chunkSize }),
      ]);
    },
    bookmark: (revision, options) => plain(json.bookmark(revision, options)),
    error: (status) => plain(json.error(status)),
  };
}

function changed(bytes: Uint8Array, held: Uint8Array): Uint8Array {
  return zstdCompressSync(bytes, { dictionary: held, chunkSize });
}

function plain(line: Uint8Array): Uint8Array {
  return frame(frameTypes.plain, [line]);
}
