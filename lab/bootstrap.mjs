// The one program that must run on an old Node with nothing installed: it installs and builds what is missing,
// then hands over to the Node the project brings along.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const NEEDED_NODE = 24;
const PROGRAMS = {
  start: ['dist/lab/start.js'],
  demo: ['dist/lab/demo.js'],
  lab: ['dist/lab/main.js'],
  admin: ['dist/cli/admin.js'],
  bench: ['dist/test/bench/main.js'],
  openapi: ['dist/api/openapi/print.js'],
  docs: ['dist/process/config-docs.js'],
  test: ['dist/test/run.js'],
  contract: ['dist/test/contract/fuzz.js'],
};
/** Programs whose standard output is for other programs. */
const QUIET = new Set(['admin', 'openapi']);

const [name = '', ...args] = process.argv.slice(2);
const program = PROGRAMS[name];
if (!program) fail(`Unknown program "${name}"; known: ${Object.keys(PROGRAMS).join(', ')}.`);

let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    interrupted = true;
    if (running) running.kill(signal);
  });
}
let running;

await installPackages();
await build();
const code = await run(nodeBinary(), ['--enable-source-maps', ...program, ...args], { stdio: 'inherit' });
process.exit(code);

async function installPackages() {
  const lock = readFileSync(path.join(ROOT, 'package-lock.json'));
  const mark = path.join(ROOT, 'node_modules', '.installed-lock');
  const wanted = createHash('sha256').update(lock).digest('hex');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === wanted) return;
  await step('packages (npm ci)', npmCommand(), ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  writeFileSync(mark, wanted);
}

async function build() {
  const compiler = path.join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  mkdirSync(path.join(ROOT, 'dist'), { recursive: true });
  await step('compile', nodeBinary(), [compiler, '-p', 'tsconfig.json'], 3);
  await bundle();
}

/** The bundle costs seconds, so it is made again only when a compiled workflow has changed. */
async function bundle() {
  const inputs = ['workflows', 'workflows/parts', 'domain/rules', 'temporal'].map(folder =>
    path.join(ROOT, 'dist', folder),
  );
  const hash = createHash('sha256').update(readFileSync(path.join(ROOT, 'package-lock.json')));
  for (const folder of inputs) {
    for (const file of readdirSync(folder)
      .filter(each => each.endsWith('.js'))
      .sort())
      hash.update(readFileSync(path.join(folder, file)));
  }
  const mark = path.join(ROOT, 'dist', '.bundled');
  const wanted = hash.digest('hex');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === wanted) return;
  await step('workflow bundle', nodeBinary(), ['dist/workers/bundle.js']);
  writeFileSync(mark, wanted);
}

/** Runs one step quietly; says so with a line when it takes longer than `sayAfter` seconds, and shows its output when it fails. */
async function step(title, command, commandArgs, sayAfter = 0) {
  const begun = Date.now();
  const out = QUIET.has(name) ? process.stderr : process.stdout;
  const output = [];
  const announce = setTimeout(() => out.write(`  ${title} …\n`), sayAfter * 1000);
  const status = await run(command, commandArgs, { stdio: ['ignore', 'pipe', 'pipe'] }, chunk =>
    output.push(chunk),
  );
  clearTimeout(announce);
  const seconds = (Date.now() - begun) / 1000;
  if (interrupted)
    fail(`Stopped while: ${title}. Nothing was left half-done; run the same command again.`, 130);
  if (status !== 0)
    fail(`${Buffer.concat(output)}\n${title} failed (exit ${status}): ${command} ${commandArgs.join(' ')}`);
  if (seconds >= sayAfter && seconds > 1) out.write(`  ${title} ${seconds.toFixed(1)} s\n`);
}

function run(command, commandArgs, options, onOutput) {
  return new Promise((resolve, reject) => {
    running = spawn(command, commandArgs, { cwd: ROOT, ...options });
    running.stdout?.on('data', onOutput);
    running.stderr?.on('data', onOutput);
    running.on('error', reject);
    running.on('close', (status, signal) => resolve(status ?? (signal === 'SIGINT' ? 130 : 1)));
  });
}

/** Node 24: the one npm put into the project where the machine's own is older. */
function nodeBinary() {
  const own = path.join(ROOT, 'node_modules', '.bin', 'node');
  if (existsSync(own)) return own;
  if (Number(process.versions.node.split('.')[0]) >= NEEDED_NODE) return process.execPath;
  return fail(
    `RuntimeAI needs Node ${NEEDED_NODE} or newer; this is ${process.version}, and no Node for ${process.platform}-${process.arch} came with the packages.\n` +
      `Install Node ${NEEDED_NODE} and run the same command again.`,
  );
}

function npmCommand() {
  return process.platform === 'win32' ? 'npm.cmd' : 'npm';
}

function fail(message, status = 1) {
  process.stderr.write(`${message}\n`);
  process.exit(status);
}
