/**
 * `resource.Quantity`: an exact decimal of at most nine places with the family of suffixes it was written in. Kept as
 * nano-units in a BigInt, so sums of thousands of pods never drift. A value finer than one nano is rounded away from zero.
 * Rules: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */
export interface Quantity {
  readonly nanos: bigint;
  readonly format: QuantityFormat;
}

export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent';

/** A text that is no quantity; the message is the API server's. */
export class QuantityError extends Error {
  override readonly name = 'QuantityError';
}

const nano = 1_000_000_000n;
const pattern = /^([+-]?)(\d*)(?:\.(\d*))?([eEinumkKMGTP]*[-+]?\d*)$/;
const formatFault =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
/** Longer texts are refused unread: the time to read digits grows with their square. */
const textLengthMax = 128;
/** Beyond this a decimal exponent is refused rather than computed: 10^1000000000 would fill the memory. */
const exponentMax = 100;
const int64Max = 9_223_372_036_854_775_807n * nano;

const decimalExponents: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  '': 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const decimalSuffixes = new Map(
  Object.entries(decimalExponents).map(([suffix, exponent]) => [exponent, suffix]),
);
const binarySuffixes = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

/** What was read last: a cluster says the same few hundred amounts over and over. */
const known = new Map<string, Quantity>();
const knownMax = 2048;
const knownLengthMax = 24;

/** @throws QuantityError */
export function parseQuantity(input: string | number): Quantity {
  const text = String(input);
  if (text.length > knownLengthMax) return readQuantity(text);
  let quantity = known.get(text);
  if (!quantity) {
    quantity = readQuantity(text);
    if (known.size >= knownMax) known.clear();
    known.set(text, quantity);
  }
  return quantity;
}

function readQuantity(text: string): Quantity {
  const read = text !== '' && text.length <= textLengthMax ? pattern.exec(text) : null;
  const [, sign, whole = '', fraction = '', suffix = ''] = read ?? [];
  if (sign === undefined) throw new QuantityError(formatFault);
  if (whole === '' && fraction === '') throw new QuantityError('unable to parse numeric part of quantity');
  const { factor, exponent, format } = interpretSuffix(suffix);
  let nanos = scaled(BigInt(whole + fraction) * factor, exponent - fraction.length + 9);
  if (format === 'BinarySI' && nanos > int64Max) nanos = int64Max;
  return { nanos: sign === '-' ? -nanos : nanos, format };
}

function interpretSuffix(suffix: string): { factor: bigint; exponent: number; format: QuantityFormat } {
  if (Object.hasOwn(decimalExponents, suffix))
    return { factor: 1n, exponent: decimalExponents[suffix]!, format: 'DecimalSI' };
  const binary = binarySuffixes.indexOf(suffix);
  if (binary > 0) return { factor: 1024n ** BigInt(binary), exponent: 0, format: 'BinarySI' };
  const exponent = /^[eE]([-+]?\d+)$/.exec(suffix);
  if (exponent && Math.abs(Number(exponent[1])) <= exponentMax)
    return { factor: 1n, exponent: Number(exponent[1]), format: 'DecimalExponent' };
  throw new QuantityError("unable to parse quantity's suffix");
}

/** `value` × 10^`exponent`, rounded up. */
function scaled(value: bigint, exponent: number): bigint {
  return exponent >= 0 ? value * 10n ** BigInt(exponent) : divideUp(value, 10n ** BigInt(-exponent));
}

/** Rounds away from zero. */
function divideUp(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  if (quotient * divisor === value) return quotient;
  return value < 0n ? quotient - 1n : quotient + 1n;
}

export function isQuantity(input: unknown): input is string | number {
  if (typeof input !== 'string' && typeof input !== 'number') return false;
  try {
    parseQuantity(input);
    return true;
  } catch (error) {
    if (error instanceof QuantityError) return false;
    throw error;
  }
}

/** The canonical text: no fraction, the largest suffix that keeps it exact, `1500m`, `1Gi`. */
export function formatQuantity({ nanos, format }: Quantity): string {
  if (nanos === 0n) return '0';
  if (format === 'BinarySI' && abs(nanos) >= 1024n * nano && nanos % nano === 0n)
    return formatBinary(nanos / nano);
  let mantissa = nanos;
  let exponent = -9;
  const exponentEnd = format === 'DecimalExponent' ? Infinity : 18;
  while (mantissa % 1000n === 0n && exponent < exponentEnd) {
    mantissa /= 1000n;
    exponent += 3;
  }
  if (format === 'DecimalExponent') return exponent === 0 ? `${mantissa}` : `${mantissa}e${exponent}`;
  return `${mantissa}${decimalSuffixes.get(exponent)}`;
}

function formatBinary(value: bigint): string {
  let power = 0;
  let mantissa = value;
  while (mantissa % 1024n === 0n && power < binarySuffixes.length - 1) {
    mantissa /= 1024n;
    power++;
  }
  return `${mantissa}${binarySuffixes[power]}`;
}

/** The text as the API server stores it: `0.5` → `500m`, `1024Mi` → `1Gi`. @throws QuantityError */
export function canonicalQuantity(input: string | number): string {
  return formatQuantity(parseQuantity(input));
}

/** The sum in the first operand's format, or the second's when the first is zero. */
export function addQuantities(a: Quantity, b: Quantity): Quantity {
  return { nanos: a.nanos + b.nanos, format: a.nanos === 0n ? b.format : a.format };
}

export function subtractQuantities(a: Quantity, b: Quantity): Quantity {
  return { nanos: a.nanos - b.nanos, format: a.nanos === 0n ? b.format : a.format };
}

/** Below zero when `a` is less than `b`. */
export function compareQuantities(a: Quantity, b: Quantity): number {
  return a.nanos < b.nanos ? -1 : a.nanos > b.nanos ? 1 : 0;
}

/** In whole units, rounded up. Beyond 2^53 the nearest double. */
export function quantityValue({ nanos }: Quantity): number {
  return Number(divideUp(nanos, nano));
}

/** In thousandths, rounded up: millicores of a cpu quantity. Beyond 2^53 the nearest double. */
export function quantityMilliValue({ nanos }: Quantity): number {
  return Number(divideUp(nanos, 1_000_000n));
}

/** From whole units. */
export function quantityOf(value: number | bigint, format: QuantityFormat = 'DecimalSI'): Quantity {
  return { nanos: BigInt(value) * nano, format };
}

/** From thousandths. */
export function quantityOfMilli(milli: number | bigint, format: QuantityFormat = 'DecimalSI'): Quantity {
  return { nanos: BigInt(milli) * 1_000_000n, format };
}

export const zeroQuantity: Quantity = { nanos: 0n, format: 'DecimalSI' };

function abs(value: bigint): bigint {
  return value < 0n ? -value : value;
}
