import { describe, expect, test } from 'vitest';
import type { Policy } from '../domain/policy.ts';
import { draftsOf, withDrafts } from './drafts.ts';

const rules: Policy['rules'] = [{ kind: 'deny_action', selector: {} }];
const kept = (name: string, inherited_from: string | null): Policy => ({
  id: name,
  name,
  version: 3,
  mode: 'enforce',
  scope_env: null,
  rules,
  inherited_from,
});

describe('a draft', () => {
  test('holds everywhere and is enforced unless it says otherwise', () => {
    expect(draftsOf([{ name: 'a', rules }])).toMatchObject([{ mode: 'enforce', scope_env: null }]);
    const other = { name: 'b', rules, mode: 'shadow', scope_env: 'staging' } as const;
    expect(draftsOf([other])).toMatchObject([other]);
  });

  test('takes the place of the tenant’s own policies, and never of those above', () => {
    const inForce = [kept('above', 'acme'), kept('own', null)];
    const names = withDrafts(inForce, [{ name: 'draft', rules }]).map(({ name }) => name);
    expect(names).toEqual(['above', 'draft']);
  });
});
