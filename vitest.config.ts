import { defineConfig } from 'vitest/config';

const shared = {
  pool: 'forks' as const,
  setupFiles: ['test/setup.ts'],
  hookTimeout: 120_000,
  testTimeout: 60_000,
  expect: { poll: { timeout: 10_000 } },
};

/** `rules` needs nothing but Node; `parts` runs on the real PostgreSQL, Temporal, Kubernetes and Helm of one shared lab. */
export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        test: {
          ...shared,
          name: 'rules',
          include: [
            '{audit,domain,policy,process,clients,workflows,lab,cli,temporal,workers}/**/*.test.ts',
            'test/replay/**/*.test.ts',
            'test/*.test.ts',
          ],
        },
      },
      {
        test: {
          ...shared,
          name: 'parts',
          include: [
            '{db,activities,adapters,api}/**/*.test.ts',
            'test/{workflows,chart,kubernetes,helm,adapters,api,system}/**/*.test.ts',
          ],
          globalSetup: ['test/global-setup.ts', 'test/workflows/global-setup.ts'],
        },
      },
    ],
  },
});
