/** For mutating admission policies. Documentation: https://kubernetes.io/docs/reference/access-authn-authz/mutating-admission-policy/ */
import { fn, type Library } from '#check/declarations.ts';
import { stringType } from '#types/type.ts';

export const jsonPatchLibrary: Library = [
  fn('jsonpatch.escapeKey', 'string_jsonpatch_escapeKey_string', [stringType], stringType, ([key]) =>
    (key as string).replaceAll('~', '~0').replaceAll('/', '~1'),
  ),
];
