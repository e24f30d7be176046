/** Messages as they come from others, checked and bounded. */
import { SkerryError } from '@skerry/base';
import * as z from 'zod';
import { bodyBytesMax, membersMax, statementsMax, type Message } from './protocol.ts';

const version = z.object({ epoch: z.int().min(0), sequence: z.int().min(0) });
const schema = z.object({
  digest: z
    .record(z.string().max(253), version)
    .refine((digest) => Object.keys(digest).length <= membersMax, 'too many members'),
  statements: z
    .array(
      z.object({
        text: z.string().max(1 << 20),
        signature: z.string().max(512),
        certificatePem: z.string().max(16_384),
      }),
    )
    .max(statementsMax),
});

/** @throws SkerryError `peer-message` for what is too long, and for what is no message. */
export async function readMessage(body: AsyncIterable<Uint8Array>): Promise<Message> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > bodyBytesMax) throw new SkerryError('peer-message', `longer than ${bodyBytesMax} bytes`);
    chunks.push(chunk);
  }
  try {
    return schema.parse(JSON.parse(Buffer.concat(chunks, length).toString()));
  } catch (cause) {
    throw new SkerryError('peer-message', 'not a message of a pool member', { cause });
  }
}
