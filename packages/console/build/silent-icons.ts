import type { Plugin } from 'vite';

const module = /@ant-design\/icons\/es\/components\/AntdIcon\.js$/;
const spoken = /role: "img",\s*"aria-label": icon\.name/;

/**
 * Ant Design's icons are read out by their file names ("plus Create cluster"). They say nothing that does not stand beside them or
 * in the label of their button, so they are hidden from readers; one that is given a label of its own keeps it. Fails the build
 * when the library has come to do it another way.
 */
export function silentIcons(): Plugin {
  let isChanged = false;
  return {
    name: 'silent-icons',
    apply: 'build',
    enforce: 'pre',
    transform(code, id) {
      if (!module.test(id)) return undefined;
      isChanged = spoken.test(code);
      return {
        code: code.replace(
          spoken,
          '...(restProps["aria-label"] ? { role: "img" } : { "aria-hidden": true })',
        ),
        map: null,
      };
    },
    generateBundle() {
      if (!isChanged) this.error('no module that gives icons their labels was found');
    },
  };
}
