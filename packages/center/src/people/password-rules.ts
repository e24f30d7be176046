/**
 * What a password must be: long rather than ornate (NIST SP 800-63B), none of those that everyone tries first, and not made
 * of the user's own name. https://pages.nist.gov/800-63-4/sp800-63b.html
 */
const lengthMin = 12;
const lengthMax = 256;

/** Beginnings and wholes that guessers try first; compared without digits and marks at the end. */
const common = [
  'administrator',
  'changeme',
  'correcthorsebatterystaple',
  'iloveyou',
  'kubernetes',
  'letmein',
  'password',
  'passwort',
  'qwertyuiop',
  'skerry',
  'superuser',
  'trustno',
  'welcome',
];

/** Why it can't be one; undefined when it can. */
export function passwordFault(password: string, user: string): string | undefined {
  const { length } = Array.from(password);
  if (length < lengthMin) return `a password has at least ${lengthMin} characters`;
  if (length > lengthMax) return `a password has at most ${lengthMax} characters`;
  const plain = password.toLowerCase();
  if (new Set(plain).size < 5) return 'a password has at least five different characters';
  if (user.length >= 3 && plain.includes(user.toLowerCase()))
    return "a password doesn't hold the user's name";
  const letters = plain
    .replaceAll('@', 'a')
    .replaceAll('0', 'o')
    .replaceAll('$', 's')
    .replace(/[^a-z]/g, '');
  if (common.some((word) => letters.includes(word) && letters.replaceAll(word, '').length < 4))
    return 'that password is one of those that are guessed first';
  if (isSequence(plain)) return 'that password is a sequence';
  return undefined;
}

/** Every character follows the one before it, up or down. */
function isSequence(text: string): boolean {
  const steps = new Set<number>();
  for (let index = 1; index < text.length; index++) {
    steps.add((text.codePointAt(index) ?? 0) - (text.codePointAt(index - 1) ?? 0));
  }
  return steps.size === 1 || (steps.size === 2 && steps.has(-9) && (steps.has(1) || steps.has(-1)));
}
