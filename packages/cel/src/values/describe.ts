/** The type of a value as the running program knows it. */
import { Optional } from '#values/optional.ts';
import { Duration, Timestamp } from '#values/time.ts';
import { Uint } from '#values/uint.ts';
import { List, Mapping, type Opaque, type Value } from '#values/value.ts';
import {
  boolType,
  bytesType,
  doubleType,
  durationType,
  dynType,
  intType,
  listType,
  mapType,
  nullType,
  optionalOf,
  stringType,
  timestampType,
  Type,
  typeType,
  uintType,
} from '#types/type.ts';

const optionalType = optionalOf(dynType);

export function runtimeType(value: Value): Type {
  switch (typeof value) {
    case 'boolean':
      return boolType;
    case 'bigint':
      return intType;
    case 'number':
      return doubleType;
    case 'string':
      return stringType;
    default:
      return objectType(value);
  }
}

function objectType(value: Exclude<Value, boolean | bigint | number | string>): Type {
  if (value === null) return nullType;
  if (value instanceof Uint) return uintType;
  if (value instanceof Uint8Array) return bytesType;
  if (value instanceof List) return listType;
  if (value instanceof Mapping) return value.struct ?? mapType;
  if (value instanceof Timestamp) return timestampType;
  if (value instanceof Duration) return durationType;
  if (value instanceof Type) return typeType;
  if (value instanceof Optional) return optionalType;
  return (value satisfies Opaque).type;
}

/** Characters, bytes, elements or entries; 1 for anything else. Costs are reckoned by it. */
export function extent(value: Value): number {
  if (typeof value === 'string') return codePointLength(value);
  if (value instanceof Uint8Array || value instanceof List) return value.length;
  if (value instanceof Mapping) return value.size;
  if (value instanceof Optional) return value.value === undefined ? 1 : extent(value.value);
  if (typeof value === 'object' && value !== null && 'size' in value) return (value as Opaque).size;
  return 1;
}

export function codePointLength(text: string): number {
  let surrogates = 0;
  for (let index = 0; index < text.length - 1; index++) {
    const unit = text.charCodeAt(index);
    if (unit >= 0xd8_00 && unit <= 0xdb_ff) {
      const next = text.charCodeAt(index + 1);
      if (next >= 0xdc_00 && next <= 0xdf_ff) {
        surrogates++;
        index++;
      }
    }
  }
  return text.length - surrogates;
}
