/** What a server has been asked to write, by its own `/metrics`: for budgets of requests, which a slower machine changes nothing of. */

/** Writes by verb and resource, `POST pods`, `POST pods/binding`, without what nodes say of themselves and of their pods. */
export function writesIn(metrics: string): ReadonlyMap<string, number> {
  const writes = new Map<string, number>();
  for (const [, labels = '', value] of metrics.matchAll(/^apiserver_request_total\{([^}]*)\} (\d+)/gm)) {
    const of = (name: string) => new RegExp(`(?:^|,)${name}="([^"]*)"`).exec(labels)?.[1] ?? '';
    if (!['POST', 'PUT', 'PATCH', 'APPLY', 'DELETE'].includes(of('verb'))) continue;
    const resource = [of('resource'), of('subresource')].filter((text) => text !== '').join('/');
    if (
      ['nodes', 'leases', 'csinodes', 'pods/status'].includes(resource) ||
      /^(nodes|leases)\//.test(resource)
    )
      continue;
    const key = `${of('verb')} ${resource}`;
    writes.set(key, (writes.get(key) ?? 0) + Number(value));
  }
  return writes;
}

/** What was written between the two. */
export function writesBetween(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): Record<string, number> {
  const entries = [...after].map(([key, count]) => [key, count - (before.get(key) ?? 0)] as const);
  return Object.fromEntries(entries.filter(([, count]) => count > 0));
}
