/** Of one connection, and of whoever stands at its end. */
export const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'forwarded',
]);

/** Whether a header is the client's to send to the center. */
export function isOnward(name: string): boolean {
  return (
    !name.startsWith(':') &&
    !hopByHop.has(name) &&
    !name.startsWith('x-remote-') &&
    !name.startsWith('x-forwarded-') &&
    // Between the center and the hub alone.
    !name.startsWith('skerry-')
  );
}
