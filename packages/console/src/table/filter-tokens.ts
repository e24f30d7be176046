/**
 * The words of the filter box: free text, `key:value` to ask for, `-key:value` to leave out. The backend applies them; this only
 * takes them apart so that a click can add or remove one.
 */
export interface Token {
  readonly key: string;
  readonly value: string;
  readonly isExcluded: boolean;
}

const tokenPattern = /^(-?)([A-Za-z][\w.-]*):(\S+|"[^"]*")$/;

export function tokensOf(filter: string): readonly Token[] {
  return wordsOf(filter).flatMap((word) => asToken(word) ?? []);
}

export function hasToken(filter: string, key: string, value: string): boolean {
  return tokensOf(filter).some((token) => token.key === key && token.value === value && !token.isExcluded);
}

/** Adds the token, or takes it out if it is there. */
export function toggleToken(filter: string, key: string, value: string): string {
  const words = wordsOf(filter);
  const kept = words.filter((word) => {
    const token = asToken(word);
    return !(token && token.key === key && token.value === value && !token.isExcluded);
  });
  if (kept.length < words.length) return kept.join(' ');
  return [...words, `${key}:${/\s/.test(value) ? `"${value}"` : value}`].join(' ');
}

function wordsOf(filter: string): string[] {
  return filter.match(/-?[A-Za-z][\w.-]*:"[^"]*"|\S+/g) ?? [];
}

function asToken(word: string): Token | undefined {
  const match = tokenPattern.exec(word);
  if (!match) return undefined;
  const [, minus, key = '', value = ''] = match;
  return { key, value: value.replaceAll('"', ''), isExcluded: minus === '-' };
}
