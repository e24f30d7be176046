const units = ['B', 'K', 'M', 'G', 'T'];

/** Three digits at most: `0B`, `999B`, `1.2K`, `34M`. */
export function shortBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit > 0 && value < 9.95 ? value.toFixed(1) : Math.round(value)}${units[unit]}`;
}
