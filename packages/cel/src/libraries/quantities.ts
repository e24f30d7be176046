/** Quantities. Documentation: https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-quantity-library */
import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  isQuantity,
  parseQuantity,
  type Quantity,
  QuantityError,
  quantityOf,
  subtractQuantities,
} from '@skerry/api';
import { fn, type Library, method } from '#check/declarations.ts';
import { fitsInt } from '#values/numbers.ts';
import { Fault, Opaque, type Outcome, type Value } from '#values/value.ts';
import { boolType, doubleType, intType, stringType, Type } from '#types/type.ts';

export const quantityType = new Type('struct', 'kubernetes.Quantity');

class QuantityValue extends Opaque {
  readonly type = quantityType;
  readonly quantity: Quantity;

  constructor(quantity: Quantity) {
    super();
    this.quantity = quantity;
  }

  override equals(other: Opaque): boolean {
    return other instanceof QuantityValue && compareQuantities(this.quantity, other.quantity) === 0;
  }

  toJSON(): string {
    return formatQuantity(this.quantity);
  }
}

const nano = 1_000_000_000n;

function read([text]: readonly Value[]): Outcome {
  try {
    return new QuantityValue(parseQuantity(text as string));
  } catch (error) {
    if (error instanceof QuantityError) return new Fault(error.message);
    throw error;
  }
}

const of = (value: Value | undefined): Quantity => (value as QuantityValue).quantity;

function whole({ nanos }: Quantity): bigint | undefined {
  const units = nanos / nano;
  return nanos % nano === 0n && fitsInt(units) ? units : undefined;
}

function compare(a: Value | undefined, b: Value | undefined): number {
  return compareQuantities(of(a), of(b));
}

const both = [quantityType, quantityType];
const withInt = [quantityType, intType];

function combine(name: 'add' | 'sub', apply: (a: Quantity, b: Quantity) => Quantity): Library {
  return [
    method(name, `quantity_${name}`, both, quantityType, ([a, b]) => new QuantityValue(apply(of(a), of(b)))),
    method(name, `quantity_${name}_int`, withInt, quantityType, ([a, b]) => {
      return new QuantityValue(apply(of(a), quantityOf(b as bigint, 'DecimalExponent')));
    }),
  ];
}

export const quantityLibrary: Library = [
  fn('quantity', 'string_to_quantity', [stringType], quantityType, read),
  fn('isQuantity', 'is_quantity_string', [stringType], boolType, ([text]) => isQuantity(text)),
  fn('sign', 'quantity_sign', [quantityType], intType, ([value]) => {
    const { nanos } = of(value);
    return nanos > 0n ? 1n : nanos < 0n ? -1n : 0n;
  }),
  method('isGreaterThan', 'quantity_is_greater_than', both, boolType, ([a, b]) => compare(a, b) > 0),
  method('isLessThan', 'quantity_is_less_than', both, boolType, ([a, b]) => compare(a, b) < 0),
  method('compareTo', 'quantity_compare_to', both, intType, ([a, b]) => BigInt(compare(a, b))),
  method('asApproximateFloat', 'quantity_get_float', [quantityType], doubleType, ([value]) => {
    return Number(of(value).nanos) / 1e9;
  }),
  method('asInteger', 'quantity_get_int', [quantityType], intType, ([value]) => {
    return whole(of(value)) ?? new Fault('cannot convert value to integer');
  }),
  method('isInteger', 'quantity_is_integer', [quantityType], boolType, ([value]) => {
    return whole(of(value)) !== undefined;
  }),
  ...combine('add', addQuantities),
  ...combine('sub', subtractQuantities),
];
