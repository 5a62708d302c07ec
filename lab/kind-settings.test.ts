import { expect, test } from 'vitest';
import { readConfig } from '../process/config.ts';
import { kindSettings } from './kind-settings.ts';

test('RuntimeAI takes every setting the lab has for the kinds of runtime', () => {
  const given = kindSettings({ cacheDir: '/cache' });
  const settings = readConfig({ RUNTIMEAI_DATABASE_URL: 'postgres://app@127.0.0.1/runtimeai', ...given });
  expect(Object.keys(settings)).toEqual(expect.arrayContaining(Object.keys(given)));
});
