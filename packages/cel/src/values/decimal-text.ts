/**
 * Doubles as decimals of a given precision. Of two that are as near, the even one, as Go and C choose; the language's own
 * methods choose the greater. `0.5` is `0`, `1.5` is `2`.
 */

/** The most that the language's own methods write. */
const digitsMax = 100;

export function fixedText(value: number, precision: number): string {
  // From here on the language's own method has exponents. Such numbers are whole.
  if (Math.abs(value) >= 1e21) return `${BigInt(value)}${precision > 0 ? `.${'0'.repeat(precision)}` : ''}`;
  return halfToEven(value, precision, (digits) => value.toFixed(digits));
}

/** As `toExponential` has it: `2.5e-1`. */
export function exponentialText(value: number, precision: number): string {
  return halfToEven(value, precision, (digits) => value.toExponential(digits));
}

function halfToEven(value: number, precision: number, write: (digits: number) => string): string {
  const rounded = write(precision);
  if (precision >= digitsMax) return rounded;
  const match = /^(-?[\d.]*)5(e.*)?$/.exec(write(precision + 1));
  if (!match) return rounded;
  const [longer, shorter = '', exponent = ''] = match;
  const truncated = shorter.replace(/\.$/, '');
  const isOdd = '13579'.includes(truncated.at(-1) ?? '');
  return isOdd || !isExactly(value, longer) ? rounded : truncated + exponent;
}

/** Whether a decimal is the very value: fractions of integers on both sides. */
function isExactly(value: number, text: string): boolean {
  const [mantissa = '', exponent = '0'] = text.split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  let scale = BigInt(exponent) - BigInt(fraction.length);
  let decimal = BigInt(whole + fraction);
  let binary = value;
  let denominator = 1n;
  while (!Number.isInteger(binary)) {
    binary *= 2;
    denominator *= 2n;
  }
  decimal *= denominator;
  let other = BigInt(binary);
  for (; scale > 0n; scale--) decimal *= 10n;
  for (; scale < 0n; scale++) other *= 10n;
  return decimal === other;
}
