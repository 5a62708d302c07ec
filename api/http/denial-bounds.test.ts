import { expect, test } from 'vitest';
import { DenialBounds } from './denial-bounds.ts';

const stranger = (address: string) => ({ tenant: 'system', who: `address ${address}`, isStranger: true });
const MINUTE = 60_000;

test('an address gets so many records a minute; what is left out is counted and told once', () => {
  const bounds = new DenialBounds({ stranger: 3, principal: 5 });
  const admitted = Array.from({ length: 10 }, () => bounds.admits(stranger('10.0.0.1'), 0));
  expect(admitted.filter(Boolean)).toHaveLength(3);
  expect(bounds.leftOut(MINUTE - 1)).toEqual([]);
  expect(bounds.leftOut(MINUTE)).toEqual([{ tenant: 'system', who: 'address 10.0.0.1', count: 7 }]);
  expect(bounds.leftOut(MINUTE)).toEqual([]);
  expect(bounds.admits(stranger('10.0.0.1'), MINUTE)).toBe(true);
});

test('what an address left out is told also when it goes on in the next minute', () => {
  const bounds = new DenialBounds({ stranger: 1, principal: 5 });
  for (const now of [0, 1, MINUTE, MINUTE + 1]) bounds.admits(stranger('10.0.0.1'), now);
  expect(bounds.leftOut(2 * MINUTE).map(({ count }) => count)).toEqual([1, 1]);
});

test('all strangers together get no more than one minute may hold, however many addresses they have', () => {
  const bounds = new DenialBounds({ stranger: 10, principal: 5 });
  let admitted = 0;
  for (let address = 0; address < 20_000; address += 1)
    if (bounds.admits(stranger(String(address)), 0)) admitted += 1;
  expect(admitted).toBe(60);
  expect(bounds.leftOut(MINUTE)).toEqual([
    { tenant: 'system', who: 'further addresses', count: 20_000 - 60 },
  ]);
});

test('an address that got a record is told of by itself, also when strangers have no more room', () => {
  const bounds = new DenialBounds({ stranger: 10, principal: 5 });
  for (let address = 0; address < 100; address += 1) bounds.admits(stranger(String(address)), 0);
  for (let again = 0; again < 7; again += 1) bounds.admits(stranger('3'), 0);
  expect(bounds.leftOut(MINUTE)).toEqual([
    { tenant: 'system', who: 'further addresses', count: 40 },
    { tenant: 'system', who: 'address 3', count: 7 },
  ]);
});

test('strangers take nothing from those who are known', () => {
  const bounds = new DenialBounds({ stranger: 1, principal: 2 });
  for (let address = 0; address < 1_000; address += 1) bounds.admits(stranger(String(address)), 0);
  const ada = { tenant: 'acme', who: 'principal prn_ada', isStranger: false };
  expect([1, 2, 3].map(() => bounds.admits(ada, 0))).toEqual([true, true, false]);
});
