/** Warnings of one answer, and characters of one warning, that are sent at most. */
const warningsMax = 32;
const warningLengthMax = 256;

/** `299 - "text"`, one value each, doubles left out; undefined when there is nothing to warn of. */
export function warningHeader(warnings: readonly string[]): string[] | undefined {
  if (warnings.length === 0) return undefined;
  return [...new Set(warnings)].slice(0, warningsMax).map((text) => {
    const printable = text.replace(/[^\x20-\x7e]/g, '?').slice(0, warningLengthMax);
    return `299 - "${printable.replace(/[\\"]/g, '\\$&')}"`;
  });
}
