/** Why the API on a node does not do what it was asked to. */
import { ApiError } from '@skerry/api';
import type { TransportRequest } from '@skerry/client';

export function whyRefused({ method }: TransportRequest): string {
  return method === 'GET'
    ? 'this node is cut off from the cluster, and only the cluster can answer this'
    : 'this node is cut off from the cluster: nothing can be changed until the link is back, and nothing was';
}

export function notReadBefore(path: string): string {
  return `this node is cut off from the cluster, and ${path.split('?')[0]} was not read here before`;
}

export function tooMany(): ApiError {
  return new ApiError(
    'TooManyRequests',
    'too many different things are watched on this node, try again later',
    {
      details: { retryAfterSeconds: 10 },
    },
  );
}
