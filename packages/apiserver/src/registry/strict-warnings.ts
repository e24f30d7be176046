/** What a strict reader holds against a body as warnings: each line that the reader of YAML tells is one of its own. */
export function strictWarnings(faults: readonly string[]): string[] {
  return faults.flatMap((fault) => {
    const lines = fault.replace(/^yaml: unmarshal errors:\n/, '');
    return lines === fault ? [fault] : lines.split('\n').map((line) => line.trim());
  });
}
