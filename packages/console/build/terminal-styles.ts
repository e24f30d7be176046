import type { Plugin } from 'vite';

/** What the terminal does that the page's policy refuses, with what does the same under it. */
const changes: readonly (readonly [RegExp, string])[] = [
  // Its style sheets need the page's nonce.
  [
    /([\w.]+)\.createElement\("style"\)/g,
    'Object.assign($1.createElement("style"),{nonce:document.querySelector("meta[name=csp-nonce]")?.content??""})',
  ],
  // Colours of single cells are set as an attribute; by property they are no inline style.
  [
    /_addStyle\((\w+),(\w+)\)\{\1\.setAttribute\("style",`[^`]*`\)\}/,
    '_addStyle($1,$2){$1.style.cssText+=`;${$2};`}',
  ],
];

/** Fits xterm.js to the page's policy. Fails the build when the library has come to do it another way. */
export function terminalStyles(): Plugin {
  const missing = new Set(changes);
  return {
    name: 'terminal-styles',
    apply: 'build',
    enforce: 'pre',
    transform(code, id) {
      if (!/@xterm\/xterm\/lib\/xterm\.m?js$/.test(id)) return undefined;
      let changed = code;
      for (const change of changes) {
        const [pattern, replacement] = change;
        const next = changed.replace(pattern, replacement);
        if (next !== changed) missing.delete(change);
        changed = next;
      }
      return { code: changed, map: null };
    },
    generateBundle() {
      for (const [pattern] of missing) this.error(`nothing in xterm.js is written as ${String(pattern)}`);
    },
  };
}
