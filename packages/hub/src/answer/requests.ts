/** Requests as they are passed on: in whose name, and in which form. */
import type { TransportRequest } from '@skerry/client';
import { credentialsOf, type Caller } from '#contract.ts';

export function inNameOf(caller: Caller, request: TransportRequest): TransportRequest {
  const headers: Record<string, string | readonly string[]> = {};
  for (const [name, value] of Object.entries(request.headers))
    if (name.toLowerCase() !== 'authorization') headers[name] = value;
  return { ...request, headers: { ...headers, ...credentialsOf(caller) } };
}

/** Whose answer depends on more than who asks is not kept. */
export function isForAnother({ headers }: TransportRequest): boolean {
  return Object.keys(headers).some((name) => name.toLowerCase().startsWith('impersonate-'));
}

export function headerOf({ headers }: TransportRequest, name: string): string {
  const value = headers[name];
  return typeof value === 'string' ? value : (value ?? []).join(', ');
}

export function inPlainJson(request: TransportRequest): TransportRequest {
  return { ...request, headers: { ...uncompressed(request).headers, accept: 'application/json' } };
}

export function uncompressed(request: TransportRequest): TransportRequest {
  return { ...request, headers: without(request.headers, 'accept-encoding') };
}

function without(headers: TransportRequest['headers'], name: string): TransportRequest['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([each]) => each.toLowerCase() !== name));
}
