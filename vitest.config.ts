import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Unit and in-process tests; what needs containers, root or a browser has its own project in `test/`. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'tools/**/*.test.ts', 'test/tidy/**/*.test.ts'],
          exclude: ['**/*.containerd.test.ts', '**/node_modules/**'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          pool: 'forks',
          // Files share what they import: loading it anew for each took more than half of all the time.
          isolate: false,
          // Vitest leaves one processor to itself, which of two is half.
          maxWorkers: availableParallelism(),
        },
      },
      {
        test: {
          name: 'conformance',
          include: ['test/conformance/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          pool: 'forks',
        },
      },
      {
        test: {
          name: 'containerd',
          include: ['packages/*/src/**/*.containerd.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
          pool: 'forks',
        },
      },
      {
        test: {
          name: 'clients',
          include: ['test/clients/**/*.client.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
          pool: 'forks',
        },
      },
      {
        test: {
          name: 'console',
          include: ['test/console/**/*.console.ts'],
          exclude: ['test/console/real/cluster.console.ts'],
          expect: { poll: { timeout: 15_000 } },
          testTimeout: 120_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
          pool: 'forks',
        },
      },
      {
        // Apart, since a cluster makes and removes network links, at which a browser gives up what it is loading.
        test: {
          name: 'console-cluster',
          include: ['test/console/real/cluster.console.ts'],
          expect: { poll: { timeout: 15_000 } },
          testTimeout: 240_000,
          hookTimeout: 300_000,
          fileParallelism: false,
          pool: 'forks',
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.e2e.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          maxWorkers: 2,
          pool: 'forks',
        },
      },
      {
        test: {
          name: 'fuzz',
          include: ['test/fuzz/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          pool: 'forks',
        },
      },
    ],
  },
});
