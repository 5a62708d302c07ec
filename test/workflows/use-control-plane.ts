import { afterAll, afterEach, beforeAll, expect, inject } from 'vitest';
import { startWorkflowTestServer } from '../temporal-server.ts';
import { bundleForTests } from './bundle.ts';
import { ControlPlane } from './control-plane.ts';

/**
 * Gives a test file its own time-skipping server with all workers on it, from its first test to its last. Whatever
 * ran is replayed at the end.
 */
export function useControlPlane(): Pick<ControlPlane, 'prepare' | 'prepareChange' | 'skip'> {
  let started: ControlPlane | undefined;
  beforeAll(async () => {
    const codePath = inject('workflowBundle');
    const workflowBundle = codePath ? { codePath } : { code: await bundleForTests() };
    started = await ControlPlane.start({ workflowBundle, env: await startWorkflowTestServer() });
  }, 60_000);
  afterEach(() => started?.endAll());
  afterAll(async () => {
    try {
      await started?.replayAll();
    } finally {
      await started?.stop();
    }
  }, 60_000);
  const plane = () => {
    if (!started) throw new Error('the control plane runs only inside a test');
    return started;
  };
  return {
    prepare: (admission, changes) => plane().prepare(admission, changes, expect.getState().currentTestName),
    prepareChange: (admission, changes) =>
      plane().prepareChange(admission, changes, expect.getState().currentTestName),
    skip: duration => plane().skip(duration),
  };
}
