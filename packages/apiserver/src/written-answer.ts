import type { AnyObject } from '@skerry/api';
import { answerObject, type Encoder } from '@skerry/serving';
import { sendAnswer, sendJson } from '#http/answers.ts';
import type { Exchange } from '#http/exchange.ts';
import { writtenText } from '#registry/registry.ts';

/**
 * Answers a write with the object it made. A client who prefers little (`Prefer: return=minimal`, RFC 7240) is told only which
 * revision of which object that is: whoever watches the object sees the rest come anyway, and pays for every byte behind a
 * thin link.
 */
export async function sendWritten(
  exchange: Exchange,
  encoder: Encoder,
  object: AnyObject,
  status: number,
): Promise<void> {
  if (!prefersMinimal(exchange)) {
    await sendAnswer(exchange, answerObject(encoder, object, status, writtenText(object)));
    return;
  }
  const { kind, apiVersion, metadata: { name, namespace, uid, resourceVersion, generation } = {} } = object;
  exchange.setHeader('Preference-Applied', 'return=minimal');
  sendJson(exchange, status, {
    kind,
    apiVersion,
    metadata: { name, namespace, uid, resourceVersion, generation },
  });
}

function prefersMinimal({ headers }: Exchange): boolean {
  const preferences = headers['prefer']?.split(',') ?? [];
  return preferences.some((each) => each.trim().toLowerCase() === 'return=minimal');
}
