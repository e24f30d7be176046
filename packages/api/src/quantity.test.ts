import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  isQuantity,
  parseQuantity,
  quantityMilliValue,
  quantityOf,
  quantityValue,
  subtractQuantities,
} from '#quantity.ts';

describe('quantities', () => {
  it.each([
    ['0', '0'],
    ['1', '1'],
    ['0.5', '500m'],
    ['1000m', '1'],
    ['1500m', '1500m'],
    ['1.5', '1500m'],
    ['.5', '500m'],
    ['1.', '1'],
    ['2000', '2k'],
    ['1024Mi', '1Gi'],
    ['1536Mi', '1536Mi'],
    ['0.5Gi', '512Mi'],
    ['1Ki', '1Ki'],
    ['0.5Ki', '512'],
    ['0.0001Gi', '107374182400u'],
    ['100Ei', '9223372036854775807'],
    ['1e3', '1e3'],
    ['12e6', '12e6'],
    ['1E', '1E'],
    ['1000E', '1000E'],
    ['0.1n', '1n'],
    ['-0.5', '-500m'],
    ['+5', '5'],
    ['100n', '100n'],
    ['1000u', '1m'],
  ])('%s is stored as %s', (text, canonical) => {
    expect(canonicalQuantity(text)).toBe(canonical);
    expect(canonicalQuantity(canonical)).toBe(canonical);
  });

  it.each([
    ['', /quantities must match the regular expression/],
    ['abc', /quantities must match the regular expression/],
    ['1.2.3', /quantities must match the regular expression/],
    ['1 Gi', /quantities must match the regular expression/],
    ['.', /unable to parse numeric part of quantity/],
    ['1Gb', /quantities must match the regular expression/],
    ['1ki', /unable to parse quantity's suffix/],
    ['1e999999999', /unable to parse quantity's suffix/],
    ['9'.repeat(1_000_000), /quantities must match the regular expression/],
  ])('case %# is refused', (text, message) => {
    expect(() => parseQuantity(text)).toThrow(message);
    expect(isQuantity(text)).toBe(false);
  });

  it('gives whole and milli values rounded up', () => {
    expect(quantityValue(parseQuantity('1500m'))).toBe(2);
    expect(quantityMilliValue(parseQuantity('1500u'))).toBe(2);
    expect(quantityValue(parseQuantity('-1500m'))).toBe(-2);
    expect(quantityMilliValue(parseQuantity(2))).toBe(2000);
  });

  it('adds and compares across suffixes', () => {
    expect(formatQuantity(addQuantities(parseQuantity('1Gi'), parseQuantity('512Mi')))).toBe('1536Mi');
    expect(formatQuantity(addQuantities(parseQuantity('0'), parseQuantity('1Ki')))).toBe('1Ki');
    expect(compareQuantities(parseQuantity('1Ki'), parseQuantity('1k'))).toBe(1);
    expect(compareQuantities(parseQuantity('1000m'), quantityOf(1))).toBe(0);
  });

  it('keeps any value through text, in every format', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 27n), max: 10n ** 27n }),
        fc.constantFrom('DecimalSI' as const, 'DecimalExponent' as const),
        (nanos, format) => {
          expect(parseQuantity(formatQuantity({ nanos, format })).nanos).toBe(nanos);
        },
      ),
    );
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }), (value) => {
        expect(parseQuantity(formatQuantity(quantityOf(value, 'BinarySI'))).nanos).toBe(value * 10n ** 9n);
      }),
    );
  });

  it('takes back what was added', () => {
    fc.assert(
      fc.property(fc.bigInt(), fc.bigInt(), (a, b) => {
        const [x, y] = [a, b].map((nanos) => ({ nanos, format: 'DecimalSI' as const }));
        expect(subtractQuantities(addQuantities(x!, y!), y!).nanos).toBe(a);
      }),
    );
  });
});
