import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { cacheKey, findBinaries, KUBERNETES_VERSION } from './binaries.ts';
import { BuildProgress, build } from './build.ts';
import { findGo, isNewEnough } from './go.ts';
import { repositoryRoot } from './root.ts';

afterEach(() => vi.unstubAllEnvs());

test('the cache key changes with a file, with the Go that builds, and with nothing else', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'lab-key-')), 'go.mod');
  const key = (text: string, goVersion: string) => {
    writeFileSync(file, text);
    return cacheKey({ files: [file], goVersion });
  };
  const before = key('go 1.26.0', 'go1.26.8');
  expect(key('go 1.26.0', 'go1.26.8')).toBe(before);
  expect(key('go 1.26.1', 'go1.26.8')).not.toBe(before);
  expect(key('go 1.26.0', 'go1.26.9')).not.toBe(before);
});

test('the programs say the version of Kubernetes that they are built from', () => {
  const required = readFileSync(join(repositoryRoot(), 'lab', 'binaries', 'go.mod'), 'utf8');
  expect(required).toContain(`k8s.io/kubernetes v${KUBERNETES_VERSION}`);
});

test('a folder of built programs that lacks one names it instead of building', async () => {
  vi.stubEnv('RUNTIMEAI_LAB_BIN', mkdtempSync(join(tmpdir(), 'lab-bin-')));
  const context = { cacheDir: '/nowhere', report: () => undefined, signal: new AbortController().signal };
  await expect(findBinaries(['helm', 'kwok'], context)).rejects.toThrow(
    /RUNTIMEAI_LAB_BIN=.* lacks helm, kwok/,
  );
});

test.each([
  ['go1.26', true],
  ['go1.26.8', true],
  ['go1.27rc1', true],
  ['go2.0', true],
  ['go1.25.9', false],
  ['go1.9', false],
  ['devel', false],
])('%s is new enough: %s', (version, enough) => {
  expect(isNewEnough(version)).toBe(enough);
});

test('progress follows the furthest package, so that what Go takes from its cache counts as done', () => {
  const progress = new BuildProgress(['a', 'b', 'c', 'd']);
  progress.compiled('c');
  progress.compiled('a');
  progress.compiled('unknown');
  expect(progress.describe({ finished: ['helm'], wanted: 2 })).toMatch(
    /^2 of at most 4 packages compiled, 1 of 2 .*finished helm$/,
  );
});

test('a build that is called off leaves nothing half-done, and the next one completes', async () => {
  const cacheDir = mkdtempSync(join(tmpdir(), 'lab-build-'));
  const options = {
    go: await (await findGo({ cacheDir })).program(),
    moduleFolder: join(repositoryRoot(), 'lab', 'agent'),
    packages: { certificates: './certificates' },
    linkerFlags: '',
    into: join(cacheDir, 'programs'),
    onProgress: () => undefined,
  };
  const calledOff = new AbortController();
  const cutOff = build({ ...options, signal: calledOff.signal });
  await expect.poll(() => existsSync(options.into) && readdirSync(options.into).length).toBeTruthy();
  calledOff.abort(new Error('called off'));
  await expect(cutOff).rejects.toThrow('called off');
  expect(readdirSync(options.into)).toEqual([]);

  await build({ ...options, signal: new AbortController().signal });
  expect(readdirSync(options.into)).toEqual(['certificates']);
});
