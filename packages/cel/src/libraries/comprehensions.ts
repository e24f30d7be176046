/** What the macros that make maps expand to. */
import { fn, type Library } from '#check/declarations.ts';
import { Fault } from '#values/value.ts';
import { mapOf, variableType } from '#types/type.ts';

const k = variableType('K');
const v = variableType('V');
const map = mapOf(k, v);
const planned = (): Fault => new Fault('no such overload');

export const mapInsertLibrary: Library = [
  fn('cel.@mapInsert', '@mapInsert_map_key_value', [map, k, v], map, planned),
  fn('cel.@mapInsert', '@mapInsert_map_map', [map, map], map, planned),
];
