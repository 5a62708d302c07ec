import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { bundleForTests } from './bundle.ts';

declare module 'vitest' {
  interface ProvidedContext {
    workflowBundle: string;
  }
}

/** Bundles the workflows once for the whole run; every worker of every test file loads that file. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(path.join(tmpdir(), 'runtimeai-workflows-'));
  const bundle = path.join(folder, 'workflow-bundle.cjs');
  await writeFile(bundle, await bundleForTests());
  project.provide('workflowBundle', bundle);
  return () => rm(folder, { recursive: true, force: true });
}
