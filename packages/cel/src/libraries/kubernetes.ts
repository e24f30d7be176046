/**
 * Functions that the servers of Kubernetes offer to expressions.
 * Documentation: https://kubernetes.io/docs/reference/using-api/cel/
 */
import type { Library } from '#check/declarations.ts';
import { addressLibrary, cidrType, ipType } from '#libraries/addresses.ts';
import { authorizerLibrary } from '#libraries/authorizer.ts';
import { mapInsertLibrary } from '#libraries/comprehensions.ts';
import { conversionLibrary } from '#libraries/conversions.ts';
import { formatLibrary } from '#libraries/formats.ts';
import { listExtensionLibrary, listLibrary } from '#libraries/lists.ts';
import { operatorLibrary } from '#libraries/operators.ts';
import { optionalLibrary } from '#libraries/optionals.ts';
import { patternLibrary } from '#libraries/patterns.ts';
import { quantityLibrary } from '#libraries/quantities.ts';
import { setLibrary } from '#libraries/sets.ts';
import { stringLibrary, textLibrary } from '#libraries/strings.ts';
import { timeLibrary } from '#libraries/times.ts';
import { urlLibrary } from '#libraries/urls.ts';
import { versionLibrary } from '#libraries/versions.ts';
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
  urlLibrary,
  patternLibrary,
  listLibrary,
  authorizerLibrary,
  quantityLibrary,
  addressLibrary,
  formatLibrary,
  versionLibrary,
  listExtensionLibrary,
];

/** Types that expressions can name. */
export const kubernetesTypes: readonly Type[] = [optionalOf(dynType), ipType, cidrType];
