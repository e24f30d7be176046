import type { Plugin, Rollup } from 'vite';
import { brotli } from './precompress.ts';

/**
 * Fails the build when the scripts that the first screen needs are over their budget: the entry, the named modules that it
 * loads at once, and all they import. What is loaded on demand (editor, terminal, charts, other screens) doesn't count.
 */
export function firstRouteBudget({
  entries,
  bytesMax,
}: {
  entries: readonly string[];
  bytesMax: number;
}): Plugin {
  return {
    name: 'first-route-budget',
    apply: 'build',
    generateBundle(_, bundle) {
      const chunks = Object.values(bundle).filter(
        (file): file is Rollup.OutputChunk => file.type === 'chunk',
      );
      const wanted = new Set<Rollup.OutputChunk>();
      const add = (chunk: Rollup.OutputChunk | undefined): void => {
        if (!chunk || wanted.has(chunk)) return;
        wanted.add(chunk);
        for (const name of chunk.imports) add(chunks.find((other) => other.fileName === name));
      };
      for (const chunk of chunks) {
        if (chunk.isEntry || entries.some((entry) => chunk.facadeModuleId?.endsWith(`/${entry}`))) add(chunk);
      }
      const bytes = [...wanted].reduce((sum, chunk) => sum + brotli(Buffer.from(chunk.code)).length, 0);
      this.info(`the first screen takes ${Math.ceil(bytes / 1024)} KiB of scripts, of ${bytesMax / 1024}`);
      if (bytes > bytesMax) {
        this.error(
          `the first screen takes ${bytes} bytes of scripts (brotli), over its budget of ${bytesMax}: ${[
            ...wanted,
          ]
            .map((chunk) => chunk.fileName)
            .join(' ')}`,
        );
      }
    },
  };
}
