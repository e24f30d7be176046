/** Versions by https://semver.org, with the faults that the common Go library names. */
export interface Version {
  readonly numbers: readonly [bigint, bigint, bigint];
  readonly preRelease: readonly string[];
}

const lengthMax = 1000;

export function parseVersion(text: string): Version | { readonly fault: string } {
  if (text === '') return { fault: 'Version string empty' };
  if (text.length > lengthMax) return { fault: 'Version string too long' };
  const [major, minor, ...rest] = text.split('.');
  if (minor === undefined || rest.length === 0) return { fault: 'No Major.Minor.Patch elements found' };
  const tail = rest.join('.');
  const end = tail.search(/[-+]/);
  const patch = end === -1 ? tail : tail.slice(0, end);
  const numbers: bigint[] = [];
  for (const [name, part] of [
    ['major', major!],
    ['minor', minor],
    ['patch', patch],
  ] as const) {
    if (!/^\d+$/.test(part))
      return { fault: `Invalid character(s) found in ${name} number ${JSON.stringify(part)}` };
    if (part.length > 1 && part.startsWith('0'))
      return {
        fault: `${name[0]!.toUpperCase()}${name.slice(1)} number must not contain leading zeroes ${JSON.stringify(part)}`,
      };
    numbers.push(BigInt(part));
  }
  const suffix = end === -1 ? '' : tail.slice(end);
  const plus = suffix.indexOf('+');
  const before = plus === -1 ? suffix : suffix.slice(0, plus);
  const preRelease = before === '' ? [] : before.slice(1).split('.');
  const build = plus === -1 ? [] : suffix.slice(plus + 1).split('.');
  for (const part of preRelease)
    if (!/^[0-9A-Za-z-]+$/.test(part) || /^0\d+$/.test(part))
      return { fault: `Invalid prerelease ${JSON.stringify(part)}` };
  for (const part of build)
    if (!/^[0-9A-Za-z-]+$/.test(part)) return { fault: `Invalid build meta data ${JSON.stringify(part)}` };
  return { numbers: [numbers[0]!, numbers[1]!, numbers[2]!], preRelease };
}

/** Also `v1.2`, `1`, `01.02.03`: what people write. */
export function parseLenientVersion(text: string): Version | { readonly fault: string } {
  const body = text.replace(/^v/, '');
  const [major = '', minor, ...rest] = body.split('.');
  const parts =
    minor === undefined ? [major] : rest.length === 0 ? [major, minor] : [major, minor, rest.join('.')];
  const trimmed = parts.map((part) => {
    if (part.length <= 1) return part;
    const bare = part.replace(/^0+/, '');
    return /^\d/.test(bare) ? bare : `0${bare}`;
  });
  if (trimmed.length < 3) {
    if (/[+-]/.test(trimmed.at(-1) ?? ''))
      return { fault: 'short version cannot contain PreRelease/Build meta data' };
    while (trimmed.length < 3) trimmed.push('0');
  }
  return parseVersion(trimmed.join('.'));
}

export function compareVersions(a: Version, b: Version): -1 | 0 | 1 {
  for (const [index, number] of a.numbers.entries()) {
    const other = b.numbers[index]!;
    if (number !== other) return number < other ? -1 : 1;
  }
  // A pre-release comes before its release.
  if (a.preRelease.length === 0 || b.preRelease.length === 0)
    return order(b.preRelease.length === 0 ? 0 : 1, a.preRelease.length === 0 ? 0 : 1);
  for (const [index, part] of a.preRelease.entries()) {
    const other = b.preRelease[index];
    if (other === undefined) return 1;
    const compared = comparePart(part, other);
    if (compared !== 0) return compared;
  }
  return a.preRelease.length === b.preRelease.length ? 0 : -1;
}

function comparePart(a: string, b: string): -1 | 0 | 1 {
  const [left, right] = [a, b].map((part) => /^\d+$/.test(part));
  if (left && right) return order(BigInt(a), BigInt(b));
  if (left !== right) return left ? -1 : 1;
  return order(a, b);
}

function order<T extends bigint | string | number>(a: T, b: T): -1 | 0 | 1 {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
