import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noReleases, silent } from '../test/adapters/fake-tools.ts';
import { createBareCluster } from '../test/fakes/bare-cluster.ts';
import { loadAdapters } from './load.ts';
import { createAdapterTools } from './tools.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'runtimeai-adapters-'));
});

afterAll(() => rmSync(folder, { recursive: true }));

const tools = createAdapterTools({ kubernetes: createBareCluster(), releases: noReleases, log: silent });
const load = (modules: string[], settings = {}) => loadAdapters({ modules, tools, settings });

function written(name: string, source: string): string {
  const path = join(folder, name);
  writeFileSync(path, source);
  return path;
}

const BODY = `type: 'sandbox', backend: 'custom', capabilities: [], podSecurity: 'restricted',
  prerequisites() {}, plan() {}, apply() {}, observe() {}, delete() {},
  health: { kinds: [], keep() {}, judge() {} } })`;

describe('adapters from outside', () => {
  it('are loaded in the order of the setting, each with its own settings', async () => {
    const one = written('one.mjs', `export default tools => ({ name: tools.settings.called, ${BODY}`);
    const two = written('two.mjs', `export default () => ({ name: 'two', ${BODY}`);
    const loaded = await load([two, one], { [one]: { called: 'uno' } });
    expect(loaded.map(({ name }) => name)).toEqual(['two', 'uno']);
  });

  it('may be made by a factory that has to wait', async () => {
    const late = written('late.mjs', `export default async () => ({ name: 'late', ${BODY}`);
    expect((await load([late]))[0]?.name).toBe('late');
  });

  it.each([
    ['that is not there', 'absent.mjs', undefined, 'could not be imported'],
    ['that does not parse', 'broken.mjs', 'export default (', 'could not be imported'],
    [
      'that exports no function',
      'empty.mjs',
      'export const adapter = {};',
      'default export is not a function',
    ],
    [
      'whose factory throws',
      'thrower.mjs',
      "export default () => { throw new Error('no key'); }",
      'threw: no key',
    ],
    [
      'that is half an adapter',
      'half.mjs',
      "export default () => ({ name: 'half' })",
      'the method plan is missing',
    ],
  ])('stop the start when there is one %s, and it is named', async (_, name, source, why) => {
    const path = source === undefined ? join(folder, name) : written(name, source);
    const failed = load([path]);
    await expect(failed).rejects.toThrow(`The adapter ${path} (RUNTIMEAI_ADAPTERS) cannot be used`);
    await expect(failed).rejects.toThrow(why);
  });

  it('stop the start when there are settings for one that is not named', async () => {
    await expect(load([], { './mine.mjs': {} })).rejects.toThrow('settings for ./mine.mjs');
  });
});
