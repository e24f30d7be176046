import type { Plugin } from 'vite';

/**
 * Ant Design writes its styles with `innerHTML`, which the page's policy (trusted types) refuses; `textContent` does the same
 * for a style sheet. Fails the build when the library has come to do it another way.
 */
export function trustedStyles(): Plugin {
  const changed = new Set<string>();
  return {
    name: 'trusted-styles',
    apply: 'build',
    enforce: 'pre',
    transform(code, id) {
      if (!/@rc-component\/util\/(es|lib)\/Dom\/dynamicCSS\.js$/.test(id)) return undefined;
      changed.add(id);
      return code.replaceAll('.innerHTML', '.textContent');
    },
    generateBundle() {
      if (changed.size === 0) this.error('the module that writes styles was not found');
    },
  };
}
