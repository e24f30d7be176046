import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { firstRouteBudget } from './build/first-route-budget.ts';
import { precompress } from './build/precompress.ts';
import { silentIcons } from './build/silent-icons.ts';
import { terminalStyles } from './build/terminal-styles.ts';
import { trustedStyles } from './build/trusted-styles.ts';

/** Static files for the center to serve: every name under `assets/` carries a digest, every text has a `.br` and a `.gz`. */
export default defineConfig({
  root: import.meta.dirname,
  plugins: [
    react(),
    trustedStyles(),
    terminalStyles(),
    silentIcons(),
    firstRouteBudget({
      entries: ['src/app/router.tsx', 'src/screens/home/home.tsx', 'src/i18n/en/index.ts'],
      bytesMax: 250 * 1024,
    }),
    precompress(),
  ],
  // Inlined images would be `data:` addresses and preloads inline scripts: the page's policy allows neither.
  build: {
    // Part of the release bundle.
    outDir: '../../dist/console',
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 2000,
  },
});
