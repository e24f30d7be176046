import type { Plugin } from 'vite';

/** Where Ant Design's icons are made: of one colour, and of two. */
const modules = /@ant-design\/icons\/es\/components\/AntdIcon(Light)?\.js$/;
const spoken = /role: "img",\s*"aria-label": icon\.name/;

/**
 * Ant Design's icons are read out by their file names ("plus Create cluster"). They say nothing that does not stand beside them or
 * in the label of their button, so they are hidden from readers; one that is given a label of its own keeps it. Fails the build
 * when the library has come to do it another way.
 */
export function silentIcons(): Plugin {
  const seen: string[] = [];
  return {
    name: 'silent-icons',
    apply: 'build',
    enforce: 'pre',
    transform(code, id) {
      if (!modules.test(id)) return undefined;
      seen.push(id);
      if (!spoken.test(code)) this.error('its icons get their labels another way');
      return {
        code: code.replace(
          spoken,
          '...(restProps["aria-label"] ? { role: "img" } : { "aria-hidden": true })',
        ),
        map: null,
      };
    },
    generateBundle() {
      if (seen.length === 0) this.error('no module that makes icons was found');
    },
  };
}
