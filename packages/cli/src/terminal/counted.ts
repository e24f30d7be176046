/** `no pods`, `1 pod`, `2 pods`: for nouns that take an s. */
export function counted(count: number, noun: string): string {
  return `${count || 'no'} ${noun}${count === 1 ? '' : 's'}`;
}
