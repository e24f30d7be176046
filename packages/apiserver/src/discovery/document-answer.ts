import { ApiError, encodeProtobuf, type AnyObject } from '@skerry/api';
import { parseAccept } from '@skerry/serving';
import { stringify } from 'yaml';
import { sendJson } from '#http/answers.ts';
import type { Exchange } from '#http/exchange.ts';

const types = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'] as const;

/** Documents are read and nothing else. Throws 405. */
function requireRead({ method }: Exchange): void {
  if (method === 'GET' || method === 'HEAD') return;
  throw new ApiError('MethodNotAllowed', 'the server does not allow this method on the requested resource', {
    details: {},
  });
}

/** Answers with a discovery document in the form that the client likes best. Throws 406, in the words of the path. */
export function sendDocument(
  exchange: Exchange,
  document: object,
  { root }: { readonly root: boolean },
): void {
  requireRead(exchange);
  const form = preferred(exchange.headers['accept']);
  if (!form) throw root ? notAcceptable() : noRepresentation();
  switch (form) {
    case 'application/yaml':
      exchange.send(200, { 'Content-Type': 'application/yaml' }, stringify(document));
      return;
    case 'application/vnd.kubernetes.protobuf': {
      const body = encodeProtobuf(document as AnyObject);
      exchange.send(200, { 'Content-Type': 'application/vnd.kubernetes.protobuf' }, body);
      return;
    }
    default:
      sendJson(exchange, 200, document);
  }
}

function preferred(accept: string | undefined): (typeof types)[number] | undefined {
  if (accept === undefined || accept.trim() === '') return 'application/json';
  for (const { type, parameters } of parseAccept(accept)) {
    if (parameters.as !== undefined) continue;
    if (type === '*/*' || type === 'application/*') return 'application/json';
    const known = types.find((each) => each === type);
    if (known) return known;
  }
  return undefined;
}

function noRepresentation(): ApiError {
  const text = `406: Not Acceptable\n\nAvailable representations: ${types.join(', ')}`;
  return new ApiError('NotAcceptable', text, { details: {} });
}

export function notAcceptable(): ApiError {
  return new ApiError('NotAcceptable', `only the following media types are accepted: ${types.join(', ')}`);
}
