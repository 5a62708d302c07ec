import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';

/** Where the bundle of the workflows lies beside the compiled workers. */
export const WORKFLOW_BUNDLE = fileURLToPath(new URL('../workflow-bundle.cjs', import.meta.url));

/** Bundles the workflows below the given folder into one script for the sandbox. */
export async function bundleWorkflows(workflowsPath: string): Promise<string> {
  const { code } = await bundleWorkflowCode({ workflowsPath });
  return code;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const code = await bundleWorkflows(fileURLToPath(new URL('../workflows/index.js', import.meta.url)));
  await mkdir(path.dirname(WORKFLOW_BUNDLE), { recursive: true });
  await writeFile(WORKFLOW_BUNDLE, code);
  console.log(`workflow bundle: ${Math.round(code.length / 1024)} KiB`);
}
