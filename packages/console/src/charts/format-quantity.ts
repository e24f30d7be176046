const binary = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi'];

/** Amounts as Kubernetes writes them, short: `1.5`, `250m`, `3.2Gi`, `40 %`. */
export function formatQuantity(value: number | null | undefined, unit: string): string {
  if (value === null || value === undefined) return '–';
  switch (unit) {
    case 'cores':
      return value !== 0 && Math.abs(value) < 1 ? `${Math.round(value * 1000)}m` : short(value);
    case 'bytes':
      return bytes(value);
    case 'bytes/s':
      return `${bytes(value)}/s`;
    case 'ratio':
      return `${Math.round(value * 100)} %`;
    default:
      return short(value);
  }
}

function bytes(value: number): string {
  let rest = value;
  let power = 0;
  while (Math.abs(rest) >= 1024 && power < binary.length - 1) {
    rest /= 1024;
    power++;
  }
  return power === 0 ? `${Math.round(rest)}` : `${short(rest)}${binary[power]}`;
}

function short(value: number): string {
  return String(Number(value.toFixed(Math.abs(value) < 10 ? 1 : 0)));
}
