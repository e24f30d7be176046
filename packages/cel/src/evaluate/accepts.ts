import { unreachable } from '@skerry/base';
import { Optional } from '#values/optional.ts';
import { Duration, Timestamp } from '#values/time.ts';
import { Uint } from '#values/uint.ts';
import { Fault, List, Mapping, Opaque, type Value } from '#values/value.ts';
import { isOptionalType, Type } from '#types/type.ts';

/** Whether a value may be passed where the type is declared. Of what a list holds only the first is looked at. */
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
      return value instanceof List && acceptsFirst(type, value);
    case 'map':
      return value instanceof Mapping;
    case 'timestamp':
      return value instanceof Timestamp;
    case 'duration':
      return value instanceof Duration;
    case 'type':
      return value instanceof Type;
    case 'struct':
      if (value instanceof Opaque) return value.type.name === type.name;
      return value instanceof Mapping && value.struct?.name === type.name;
    case 'opaque':
      if (isOptionalType(type)) return value instanceof Optional;
      return value instanceof Opaque && value.type.name === type.name;
    default:
      return unreachable(type.kind);
  }
}

function acceptsFirst(type: Type, list: List): boolean {
  const element = type.params[0];
  if (!element || element.params.length > 0 || list.length === 0) return true;
  const first = list.at(0);
  return !(first instanceof Fault) && accepts(element, first);
}
