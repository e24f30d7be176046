/**
 * Where each line of a log stands when long ones are wrapped. The letters are all as wide as each other, so that how many rows a line
 * takes is counted, not measured: a log of fifty thousand lines is laid out without drawing it. East Asian letters count
 * a little over two, which may leave a gap and never hides one.
 */
export interface Layout {
  /** In rows, from the top. */
  readonly rows: number;
  readonly topOf: (index: number) => number;
  /** The line that is shown in a row. */
  readonly indexAt: (row: number) => number;
}

/** Each line one row. */
export function flatLayout(count: number): Layout {
  return { rows: count, topOf: (index) => index, indexAt: (row) => Math.max(0, Math.floor(row)) };
}

export function wrappedLayout(texts: readonly string[], columns: number): Layout {
  const tops = new Uint32Array(texts.length + 1);
  texts.forEach((text, index) => {
    tops[index + 1] = (tops[index] ?? 0) + rowsOf(text, columns);
  });
  return {
    rows: tops[texts.length] ?? 0,
    topOf: (index) => tops[Math.min(index, texts.length)] ?? 0,
    indexAt: (row) => {
      let low = 0;
      let high = Math.max(0, texts.length - 1);
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if ((tops[middle] ?? 0) <= row) low = middle;
        else high = middle - 1;
      }
      return low;
    },
  };
}

const wide = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/g;
const wideColumns = 2.1;
const tabColumns = 8;

export function rowsOf(text: string, columns: number): number {
  const wides = text.length > 0 && /[^\0-\u10ff]/.test(text) ? (text.match(wide)?.length ?? 0) : 0;
  const tabs = text.includes('\t') ? text.split('\t').length - 1 : 0;
  const width = text.length + wides * (wideColumns - 1) + tabs * (tabColumns - 1);
  return Math.max(1, Math.ceil(width / Math.max(1, columns)));
}
