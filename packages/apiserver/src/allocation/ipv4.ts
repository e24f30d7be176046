/** `10.96.0.1` ⇄ 174063617; undefined for what is no IPv4 address. */
export function parseIpv4(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let value = 0;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    value = value * 256 + Number(part);
  }
  return value;
}

export function formatIpv4(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

/** First and last address of a network, both included. */
export function parseCidr(cidr: string): { first: number; last: number } | undefined {
  const [address = '', bits = ''] = cidr.split('/');
  const value = parseIpv4(address);
  const length = Number(bits);
  if (value === undefined || !/^\d+$/.test(bits) || length > 32) return undefined;
  const size = 2 ** (32 - length);
  const first = Math.floor(value / size) * size;
  return { first, last: first + size - 1 };
}
