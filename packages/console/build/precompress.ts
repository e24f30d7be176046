import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

/** Files smaller than this gain nothing. */
const bytesMin = 1024;

/** Writes `x.br` and `x.gz` beside each text of the output, as small as they get, once, so that no request has to. */
export function precompress(): Plugin {
  let folder = '';
  return {
    name: 'precompress',
    apply: 'build',
    configResolved(config) {
      folder = resolve(config.root, config.build.outDir);
    },
    closeBundle() {
      for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
        // The page itself changes with every answer: it carries a nonce.
        if (!/\.(js|css|svg|json)$/.test(file)) continue;
        const content = readFileSync(join(folder, file));
        if (content.length < bytesMin) continue;
        writeFileSync(join(folder, `${file}.br`), brotli(content));
        writeFileSync(join(folder, `${file}.gz`), gzipSync(content, { level: 9 }));
      }
    },
  };
}

export function brotli(content: Uint8Array): Buffer {
  return brotliCompressSync(content, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 10,
      [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
    },
  });
}
