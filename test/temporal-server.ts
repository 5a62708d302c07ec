import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import { cacheDirectory } from '../lab/cache.ts';
import { findTemporal, findTemporalTestServer } from '../lab/temporal.ts';

/**
 * Starts a time-skipping server. It is up in 0.2 s, and its clock is one for all workflows on it, so every test file
 * takes its own.
 */
export async function startWorkflowTestServer(): Promise<TestWorkflowEnvironment> {
  quietRuntime();
  const path = process.env['RUNTIMEAI_TEST_SERVER_BIN'] || (await findTemporalTestServer(cacheDirectory()));
  return TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path } },
  });
}

/** Starts a development server without a file and without the Web UI, for what the time-skipping one does not do. */
export async function startDevelopmentServer(): Promise<TestWorkflowEnvironment> {
  quietRuntime();
  const path = await findTemporal({ cacheDir: cacheDirectory() });
  return TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'existing-path', path } },
    client: { identity: 'test' },
  });
}

let quiet = false;

/** Once per process, before anything else of the SDK starts: its log would bury the tests' own output. */
export function quietRuntime(): void {
  if (quiet) return;
  quiet = true;
  const filter = makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' });
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    shutdownSignals: [],
    telemetryOptions: { logging: { filter } },
  });
}
