/**
 * For the bundle: `node:http` without what it would bring along. To import it as a module reads every one of its exports at
 * once, and those of WebSocket load the whole of undici: 2 MB and 60 ms in each process, for names that none uses.
 */
import http from 'node:http';
import type { Plugin } from 'esbuild';

const namespace = 'lean-http';

/** What is computed only when it is asked for is left to the default export. */
const plainNames = Object.entries(Object.getOwnPropertyDescriptors(http))
  .filter(([, descriptor]) => 'value' in descriptor)
  .map(([name]) => name);

export const leanHttp: Plugin = {
  name: 'lean-http',
  setup(build) {
    build.onResolve({ filter: /^(node:)?http$/ }, ({ kind }) =>
      kind === 'import-statement' ? { path: 'http', namespace, sideEffects: false } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace }, () => ({
      contents: `const http = process.getBuiltinModule('node:http');
export default http;
export const { ${plainNames.join(', ')} } = http;`,
    }));
  },
};
