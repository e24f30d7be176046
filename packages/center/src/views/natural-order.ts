/**
 * Names in the order of people: `node-2` before `node-10`. Runs of digits are compared as numbers of any length, everything else
 * letter by letter; of two that are equal so (`a01`, `a1`) the one that comes first as text comes first. Written out, since it is what
 * sorting fifty thousand rows spends its time on.
 */
export function compareNatural(a: string, b: string): number {
  if (a === b) return 0;
  let at = 0;
  const common = Math.min(a.length, b.length);
  while (at < common && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  // Inside of a number the numbers decide, not the first digit that differs.
  while (at > 0 && isDigit(a, at - 1)) at--;
  const left = digitsFrom(a, at);
  const right = digitsFrom(b, at);
  if (left > at && right > at) {
    const order = compareNumbers(a.slice(at, left), b.slice(at, right));
    if (order !== 0) return order;
    const rest = compareNatural(a.slice(left), b.slice(right));
    if (rest !== 0) return rest;
  }
  return a < b ? -1 : 1;
}

function compareNumbers(a: string, b: string): number {
  const left = a.replace(/^0+/, '');
  const right = b.replace(/^0+/, '');
  if (left.length !== right.length) return left.length - right.length;
  return left < right ? -1 : left > right ? 1 : 0;
}

function digitsFrom(text: string, start: number): number {
  let end = start;
  while (end < text.length && isDigit(text, end)) end++;
  return end;
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 48 && code <= 57;
}
