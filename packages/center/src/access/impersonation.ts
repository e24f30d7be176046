import type { Transport, TransportRequest } from '@skerry/client';
import type { Subject } from '#access/subject.ts';

type Headers = Readonly<Record<string, string | readonly string[]>>;

/** Headers that say as whom to act. */
export function impersonationHeaders({ user, groups }: Subject): Headers {
  return { 'impersonate-user': user, ...(groups.length > 0 ? { 'impersonate-group': groups } : {}) };
}

/** Every request acts as the subject, whatever its own headers say. */
export function impersonating(transport: Transport, subject: Subject): Transport {
  return {
    request: (request) =>
      transport.request({ ...request, headers: { ...harmless(request), ...impersonationHeaders(subject) } }),
    // The connection is everybody's.
    close: () => undefined,
  };
}

function harmless({ headers }: TransportRequest): Headers {
  const kept = Object.entries(headers).filter(
    ([name]) => !/^(?:authorization|impersonate-.*|x-remote-.*)$/i.test(name),
  );
  return Object.fromEntries(kept);
}
