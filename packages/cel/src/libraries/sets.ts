/** Lists as sets. Documentation: https://pkg.go.dev/github.com/google/cel-go/ext#Sets */
import { fn, type Library } from '#check/declarations.ts';
import type { Run } from '#evaluate/run.ts';
import { containsValue } from '#values/equality.ts';
import { Fault, type List, type Outcome } from '#values/value.ts';
import { boolType, listOf, variableType } from '#types/type.ts';

const list = listOf(variableType('T'));

function containsAll(whole: List, part: List, run: Run): Outcome {
  for (let index = 0; index < part.length; index++) {
    const item = part.at(index);
    if (item instanceof Fault) return item;
    const found = containsValue(whole, item, run.effort);
    if (found !== true) return found;
  }
  return true;
}

function containsAny(whole: List, part: List, run: Run): Outcome {
  for (let index = 0; index < part.length; index++) {
    const item = part.at(index);
    if (item instanceof Fault) return item;
    const found = containsValue(whole, item, run.effort);
    if (found !== false) return found;
  }
  return false;
}

export const setLibrary: Library = [
  fn('sets.contains', 'list_sets_contains_list', [list, list], boolType, ([whole, part], run) =>
    containsAll(whole as List, part as List, run),
  ),
  fn('sets.intersects', 'list_sets_intersects_list', [list, list], boolType, ([one, other], run) =>
    containsAny(other as List, one as List, run),
  ),
  fn('sets.equivalent', 'list_sets_equivalent_list', [list, list], boolType, ([one, other], run) => {
    const found = containsAll(one as List, other as List, run);
    return found === true ? containsAll(other as List, one as List, run) : found;
  }),
];
