/** Characters of all warnings of one answer together, beyond which each is cut. */
const totalLengthMax = 4096;
const cutLength = 256;

/** `299 - "text"`, one value each, doubles left out; undefined when there is nothing to warn of. */
export function warningHeader(warnings: readonly string[]): string[] | undefined {
  if (warnings.length === 0) return undefined;
  const texts = [...new Set(warnings)].map((text) => text.replace(/[^\x20-\x7e]/g, '?'));
  const isShort = texts.reduce((length, text) => length + text.length, 0) <= totalLengthMax;
  const sent = isShort ? texts : cut(texts);
  return sent.map((text) => `299 - "${text.replace(/[\\"]/g, '\\$&')}"`);
}

function cut(texts: readonly string[]): string[] {
  let length = 0;
  return texts
    .map((text) => text.slice(0, cutLength))
    .filter((text) => {
      const fits = length < totalLengthMax;
      length += text.length;
      return fits;
    });
}
