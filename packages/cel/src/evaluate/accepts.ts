import { unreachable } from '@skerry/base';
import { Optional } from '#values/optional.ts';
import { Duration, Timestamp } from '#values/time.ts';
import { Uint } from '#values/uint.ts';
import { List, Mapping, Opaque, type Value } from '#values/value.ts';
import { isOptionalType, Type } from '#types/type.ts';

/** Whether a value may be passed where the type is declared. What containers hold is not looked at. */
export function accepts(type: Type, value: Value): boolean {
  switch (type.kind) {
    case 'variable':
    case 'dyn':
    case 'error':
      return true;
    case 'bool':
      return typeof value === 'boolean';
    case 'int':
      return typeof value === 'bigint';
    case 'uint':
      return value instanceof Uint;
    case 'double':
      return typeof value === 'number';
    case 'string':
      return typeof value === 'string';
    case 'bytes':
      return value instanceof Uint8Array;
    case 'null':
      return value === null;
    case 'list':
      return value instanceof List;
    case 'map':
      return value instanceof Mapping;
    case 'timestamp':
      return value instanceof Timestamp;
    case 'duration':
      return value instanceof Duration;
    case 'type':
      return value instanceof Type;
    case 'struct':
      return value instanceof Mapping && value.struct?.name === type.name;
    case 'opaque':
      if (isOptionalType(type)) return value instanceof Optional;
      return value instanceof Opaque && value.type.name === type.name;
    default:
      return unreachable(type.kind);
  }
}

export function isInteger(value: Value): boolean {
  return typeof value === 'bigint' || value instanceof Uint;
}
