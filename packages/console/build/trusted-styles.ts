import type { Plugin } from 'vite';

/** Where Ant Design and its icons write style sheets. */
const writers = [/@rc-component\/util\/es\/Dom\/dynamicCSS\.js$/, /@ant-design\/icons\/es\/cssUtils\.js$/];

/**
 * Ant Design writes its styles with `innerHTML`, which the page's policy (trusted types) refuses; `textContent` does the same
 * for a style sheet. Fails the build when the library has come to do it another way.
 */
export function trustedStyles(): Plugin {
  const changed = new Set<RegExp>();
  return {
    name: 'trusted-styles',
    apply: 'build',
    enforce: 'pre',
    transform(code, id) {
      const writer = writers.find((one) => one.test(id));
      if (!writer) return undefined;
      if (code.includes('.innerHTML')) changed.add(writer);
      return { code: withNonce(code.replaceAll('.innerHTML', '.textContent')), map: null };
    },
    generateBundle() {
      for (const writer of writers.filter((one) => !changed.has(one))) {
        this.error(`no module ${String(writer)} that writes styles with innerHTML was found`);
      }
    },
  };
}

/** Some components (what keeps the page still below a dialog) forget to pass the nonce on. */
function withNonce(code: string): string {
  return code.replace(
    /(\w+)\.nonce = csp\?\.nonce;\s*\}/,
    (all, node: string) =>
      `${all} else { ${node}.nonce = document.querySelector('meta[name="csp-nonce"]')?.content ?? ''; }`,
  );
}
