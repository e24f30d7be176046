/** Semantic versions. Documentation: https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-semver-library */
import { fn, type Library, method } from '#check/declarations.ts';
import { compareVersions, parseLenientVersion, parseVersion, type Version } from '#values/version.ts';
import { Fault, Opaque, type Outcome, type Value } from '#values/value.ts';
import { boolType, intType, stringType, Type } from '#types/type.ts';

const semverType = new Type('struct', 'kubernetes.Semver');

class Semver extends Opaque {
  readonly type = semverType;
  readonly version: Version;

  constructor(version: Version) {
    super();
    this.version = version;
  }

  override equals(other: Opaque): boolean {
    return other instanceof Semver && compareVersions(this.version, other.version) === 0;
  }
}

function parse([text, lenient]: readonly Value[]): Version | { readonly fault: string } {
  return lenient === true ? parseLenientVersion(text as string) : parseVersion(text as string);
}

function read(args: readonly Value[]): Outcome {
  const version = parse(args);
  return 'fault' in version ? new Fault(version.fault) : new Semver(version);
}

const isVersion = (args: readonly Value[]): boolean => !('fault' in parse(args));

const compare = (a: Value | undefined, b: Value | undefined): number =>
  compareVersions((a as Semver).version, (b as Semver).version);

const both = [semverType, semverType];

function number(name: string, index: 0 | 1 | 2): Library {
  return [
    method(name, `semver_${name}`, [semverType], intType, ([value]) => {
      return (value as Semver).version.numbers[index];
    }),
  ];
}

export const versionLibrary: Library = [
  fn('semver', 'string_to_semver', [stringType], semverType, read),
  fn('semver', 'string_bool_to_semver', [stringType, boolType], semverType, read),
  fn('isSemver', 'is_semver_string', [stringType], boolType, isVersion),
  fn('isSemver', 'is_semver_string_bool', [stringType, boolType], boolType, isVersion),
  method('isGreaterThan', 'semver_is_greater_than', both, boolType, ([a, b]) => compare(a, b) > 0),
  method('isLessThan', 'semver_is_less_than', both, boolType, ([a, b]) => compare(a, b) < 0),
  method('compareTo', 'semver_compare_to', both, intType, ([a, b]) => BigInt(compare(a, b))),
  ...number('major', 0),
  ...number('minor', 1),
  ...number('patch', 2),
];
