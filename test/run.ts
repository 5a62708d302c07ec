import { startVitest } from 'vitest/node';

/** Runs the whole suite, or the files named on the command line, and ends with one line of figures. */
const vitest = await startVitest('test', process.argv.slice(2), { run: true, watch: false });
const tests = vitest.state.getTestModules().flatMap(module => [...module.children.allTests()]);
const brokenFiles = vitest.state
  .getTestModules()
  .filter(module => module.state() === 'failed' && [...module.children.allTests('failed')].length === 0);
const lost = vitest.state.getUnhandledErrors().length + brokenFiles.length;
const count = (state: string) => tests.filter(test => test.result().state === state).length;
await vitest.close();
const failed = count('failed') + lost;
const skipped = count('skipped');
if (skipped > 0) console.log(`${skipped} skipped`);
console.log(`${count('passed')} passed, ${failed} failed`);
process.exit(failed > 0 || tests.length === 0 ? 1 : 0);
