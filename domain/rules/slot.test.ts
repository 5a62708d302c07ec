import { expect, test } from 'vitest';
import { ProjectName, TenantId } from '../tenant.ts';
import { namespaceOf } from './slot.ts';

test('a namespace names tenant and project', () => {
  expect(namespaceOf('acme', 'default')).toBe('rtai-acme--default');
});

test('the longest tenant and project still make a DNS label', () => {
  const longest = 'a'.repeat(24);
  expect(TenantId.safeParse(longest).success && ProjectName.safeParse(longest).success).toBe(true);
  expect(namespaceOf(longest, longest).length).toBeLessThanOrEqual(63);
});

test('no tenant name can reach into another tenant’s namespace', () => {
  expect(TenantId.safeParse('a--b').success).toBe(false);
  expect(TenantId.safeParse('a-').success).toBe(false);
  expect(ProjectName.safeParse('-b').success).toBe(false);
});
