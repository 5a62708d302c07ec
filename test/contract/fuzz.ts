import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { killAll } from '../../lab/leftovers.ts';
import { repositoryRoot } from '../../lab/root.ts';
import { reportTo } from '../../lab/screen.ts';
import { stopOnSignals } from '../../lab/signals.ts';
import { type FuzzedSystem, startFuzzedSystem } from './fuzzed-system.ts';
import { findSchemathesis, type Schemathesis } from './schemathesis.ts';

const SECONDS = Number(process.env['RUNTIMEAI_FUZZ_SECONDS'] ?? 180);

/** Starts RuntimeAI on throw-away data and lets schemathesis send it whatever the document allows and forbids. */
const dataDir = mkdtempSync(join(tmpdir(), 'runtimeai-contract-'));
const stopping = stopOnSignals(() => killAll(dataDir));
try {
  const code = await fuzz();
  if (code === 0) rmSync(dataDir, { recursive: true, force: true });
  console.log(
    code === 0
      ? '\nthe contract holds'
      : `\nthe contract does not hold: see the failures above, and the logs in ${join(dataDir, 'logs')}`,
  );
  process.exitCode = code === 0 ? 0 : 1;
} catch (error) {
  console.error(
    `\nthe fuzzer did not get to its end: ${error instanceof Error ? error.message : String(error)}`,
  );
  console.error(`the logs are in ${join(dataDir, 'logs')}`);
  process.exitCode = 1;
}
process.exit();

async function fuzz(): Promise<number> {
  const { signal } = stopping;
  const schemathesis = await findSchemathesis({ signal, onFetch: detail => console.log(`  ${detail}`) });
  const system = await startFuzzedSystem({ dataDir, signal, report: reportTo(console.log) });
  try {
    return await runSchemathesis(schemathesis, system);
  } finally {
    await system.stop();
  }
}

function runSchemathesis({ program, packages }: Schemathesis, system: FuzzedSystem): Promise<number> {
  const folder = join(repositoryRoot(), 'test/contract');
  const args = [
    `--config-file=${join(folder, 'schemathesis.toml')}`,
    'run',
    `${system.apiUrl}/v1/openapi.json`,
    `--max-time=${SECONDS}`,
    '--seed=1',
    ...process.argv.slice(2),
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: dataDir,
      stdio: 'inherit',
      env: {
        ...process.env,
        ...system.variables,
        PYTHONPATH: [packages, folder].join(delimiter),
        PYTHONDONTWRITEBYTECODE: '1',
        SCHEMATHESIS_HOOKS: 'hooks',
      },
    });
    stopping.signal.addEventListener('abort', () => child.kill('SIGTERM'), { once: true });
    child.once('error', reject);
    child.once('close', code => resolve(code ?? 1));
  });
}
