/** A pool and its region, as `osaka / osaka-edge`; once where both have one name, as they do where each region has one pool. */
export function placeText(region: string, pool: string): string {
  return [...new Set([region, pool])].filter(Boolean).join(' / ');
}
