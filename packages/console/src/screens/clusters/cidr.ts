/** IPv4 ranges: whether one is well formed, and whether two share an address. */
export interface Range {
  readonly first: number;
  readonly last: number;
}

export function parseCidr(text: string): Range | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text.trim());
  if (!match) return undefined;
  const [a = 0, b = 0, c = 0, d = 0, length = 0] = match.slice(1).map(Number);
  if ([a, b, c, d].some((byte) => byte > 255) || length > 32) return undefined;
  const address = ((a * 256 + b) * 256 + c) * 256 + d;
  const size = 2 ** (32 - length);
  const first = Math.floor(address / size) * size;
  return { first, last: first + size - 1 };
}

export function overlap(one: string, other: string): boolean {
  const left = parseCidr(one);
  const right = parseCidr(other);
  return left !== undefined && right !== undefined && left.first <= right.last && right.first <= left.last;
}
