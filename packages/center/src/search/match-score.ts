/**
 * How well a name answers to words: 0 not at all, more the better. All words must be found, in the name or in what stands
 * beside it, and one at least in the name; a word that only fits letter by letter (`ngx` in `nginx`) counts least.
 */
export function matchScore(
  words: readonly string[],
  name: string,
  beside: { readonly around: string; readonly namespace?: string | undefined },
): number {
  let total = 0;
  let isNamed = false;
  for (const word of words) {
    const score = wordScore(word, name);
    if (score > 0) isNamed = true;
    else if (!beside.around.includes(word) && !beside.namespace?.includes(word)) return 0;
    total += score;
  }
  // A word for a whole namespace or cluster is none for each thing in it.
  if (!isNamed) return 0;
  // Of equals, the shorter name is the nearer one.
  return total + 1 / (1 + name.length);
}

function wordScore(word: string, name: string): number {
  const at = name.indexOf(word);
  if (at === 0) return name.length === word.length ? 100 : 60;
  if (at > 0) return isBoundary(name.charCodeAt(at - 1)) ? 40 : 20;
  return word.length >= 3 && isSpread(word, name) ? 5 : 0;
}

function isBoundary(code: number): boolean {
  return code === 0x2d || code === 0x2e || code === 0x2f;
}

function isSpread(word: string, name: string): boolean {
  if (word.length > name.length) return false;
  let at = 0;
  for (let index = 0; index < word.length; index++) {
    at = name.indexOf(word[index]!, at);
    if (at < 0) return false;
    at++;
  }
  return true;
}
