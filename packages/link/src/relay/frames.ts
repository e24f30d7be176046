/**
 * Datagrams over a byte stream between a gateway and the center, each with the name of the node that it goes to or comes
 * from.
 *
 * Frame: four bytes length of what follows (big endian), one byte kind, one byte length of the name, name, payload.
 */
import { SkerryError } from '@skerry/base';

/** `gone`: the node of that name can't be reached now; what was sent to it is lost. */
export type RelayFrameKind = 'datagram' | 'gone';

const kinds: readonly RelayFrameKind[] = ['datagram', 'gone'];
const headerBytes = 6;
/** More is a broken or hostile end. */
export const relayPayloadMax = 64 * 1024;
const nameBytesMax = 253;

/** What is before the payload. */
export function relayFrameHead(kind: RelayFrameKind, name: string, payloadBytes: number): Buffer {
  const nameBytes = Buffer.byteLength(name);
  const head = Buffer.allocUnsafe(headerBytes + nameBytes);
  head.writeUInt32BE(head.length + payloadBytes - 4, 0);
  head[4] = kinds.indexOf(kind);
  head[5] = nameBytes;
  head.write(name, headerBytes);
  return head;
}

export type OnRelayFrame = (kind: RelayFrameKind, name: string, payload: Buffer) => void;

/** Feed it what comes; it throws at the first thing that is no frame. Payloads are the reader's to keep. */
export function relayDecoder(onFrame: OnRelayFrame): (chunk: Buffer) => void {
  let held: Buffer[] = [];
  let heldBytes = 0;
  let neededBytes = headerBytes;

  return (chunk) => {
    held.push(chunk);
    heldBytes += chunk.length;
    if (heldBytes < neededBytes) return;
    let bytes = held.length === 1 ? chunk : Buffer.concat(held, heldBytes);
    neededBytes = headerBytes;
    while (bytes.length >= headerBytes) {
      const frameBytes = 4 + checkedLength(bytes.readUInt32BE(0));
      if (bytes.length < frameBytes) {
        neededBytes = frameBytes;
        break;
      }
      take(bytes.subarray(0, frameBytes));
      bytes = bytes.subarray(frameBytes);
    }
    held = bytes.length > 0 ? [bytes] : [];
    heldBytes = bytes.length;
  };

  function take(frame: Buffer): void {
    const kind = kinds[frame[4]!];
    const payloadAt = headerBytes + frame[5]!;
    if (!kind || payloadAt > frame.length) throw broken('a frame that is none');
    onFrame(kind, frame.toString('utf8', headerBytes, payloadAt), frame.subarray(payloadAt));
  }
}

function checkedLength(length: number): number {
  if (length < headerBytes - 4 || length > headerBytes + nameBytesMax + relayPayloadMax)
    throw broken(`a frame of ${length} bytes`);
  return length;
}

function broken(what: string): SkerryError {
  return new SkerryError('link-protocol', `the other end broke the relay protocol: ${what}`);
}
