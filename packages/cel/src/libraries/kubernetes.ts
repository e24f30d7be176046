/**
 * Functions that the servers of Kubernetes offer to expressions.
 * Documentation: https://kubernetes.io/docs/reference/using-api/cel/
 */
import type { Library } from '#check/declarations.ts';
import { mapInsertLibrary } from '#libraries/comprehensions.ts';
import { conversionLibrary } from '#libraries/conversions.ts';
import { operatorLibrary } from '#libraries/operators.ts';
import { optionalLibrary } from '#libraries/optionals.ts';
import { setLibrary } from '#libraries/sets.ts';
import { stringLibrary, textLibrary } from '#libraries/strings.ts';
import { timeLibrary } from '#libraries/times.ts';
import { dynType, optionalOf, type Type } from '#types/type.ts';

export const kubernetesLibraries: readonly Library[] = [
  operatorLibrary,
  conversionLibrary,
  timeLibrary,
  textLibrary,
  optionalLibrary,
  stringLibrary,
  setLibrary,
  mapInsertLibrary,
];

/** Types that expressions can name. */
export const kubernetesTypes: readonly Type[] = [optionalOf(dynType)];
