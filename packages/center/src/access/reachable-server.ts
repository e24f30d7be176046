/**
 * The address of a cluster for somebody elsewhere. A center that was told no name knows itself only by loopback; the name by which
 * the console was reached leads to the same machine then, and its certificate holds it.
 */
export function reachableServer(server: string, consoleOrigin: string): string {
  const url = new URL(server);
  const asked = URL.parse(consoleOrigin);
  if (!asked || !isLoopback(url.hostname) || isLoopback(asked.hostname)) return server;
  url.hostname = asked.hostname;
  return url.href.replace(/\/$/, '');
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
}
