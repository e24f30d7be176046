/** Characters without vowels and look-alikes, so that no word comes out. */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789';
const suffixLength = 5;
const baseLengthMax = 58;

/** A name for `generateName`: the base, cut to fit, and five random characters. */
export function generateName(base: string, random: () => number): string {
  let suffix = '';
  for (let i = 0; i < suffixLength; i++) suffix += alphabet[Math.floor(random() * alphabet.length)];
  return base.slice(0, baseLengthMax) + suffix;
}
