import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  type Grant,
  mayDo,
  mayDoIn,
  mayGrant,
  Permission,
  permissionsOf,
  projectsOf,
  ROLE_PERMISSIONS,
  Role,
} from './principal.ts';

const roles = Role.options;
const someone = (...grants: Grant[]) => ({ grants });
const everywhere = (role: Role): Grant => ({ role, project: null });
const inA = (role: Role): Grant => ({ role, project: 'a' });

test('the table of the documentation is the one that decides', () => {
  const document = readFileSync(join(import.meta.dirname, '../docs/roles.md'), 'utf8');
  expect(document).toContain(`${tableInWords()}\n`);
});

/** As `docs/roles.md` shows it. */
function tableInWords(): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    line(['permission', ...roles, 'in one project']),
    line(['---', ...roles.map(() => ':-:'), ':-:']),
    ...Permission.options.map(permission =>
      line([
        `\`${permission}\``,
        ...roles.map(role => (ROLE_PERMISSIONS[role].includes(permission) ? '●' : '')),
        permissionsOf(inA('super_admin')).includes(permission) ? '●' : '',
      ]),
    ),
  ].join('\n');
}

describe('a role', () => {
  test.each(roles)('%s in all projects is the same in each', role => {
    for (const permission of Permission.options) {
      const may = ROLE_PERMISSIONS[role].includes(permission);
      expect(mayDoIn(someone(everywhere(role)), permission, 'a'), permission).toBe(may);
      expect(mayDoIn(someone(everywhere(role)), permission, null), permission).toBe(may);
      expect(projectsOf(someone(everywhere(role)), permission), permission).toEqual(may ? 'all' : []);
    }
  });

  test.each(roles)('%s in one project gives nothing in another, and nothing of the tenant', role => {
    for (const permission of Permission.options) {
      const there = permissionsOf(inA(role)).includes(permission);
      expect(mayDoIn(someone(inA(role)), permission, 'a'), permission).toBe(there);
      expect(mayDo(someone(inA(role)), permission), permission).toBe(there);
      expect(mayDoIn(someone(inA(role)), permission, 'b'), permission).toBe(false);
      expect(mayDoIn(someone(inA(role)), permission, null), permission).toBe(false);
      expect(projectsOf(someone(inA(role)), permission), permission).toEqual(there ? ['a'] : []);
    }
  });

  test.each([
    'policy:write',
    'policy:read',
    'key:write',
    'quota:write',
    'audit:read',
    'tenant:write',
  ] as const)('gives %s in all projects only', permission => {
    expect(mayDo(someone(inA('super_admin')), permission)).toBe(false);
  });

  test('is worth no more than the scopes of the key', () => {
    const limited = { ...someone(everywhere('super_admin')), scopes: ['runtime:read' as const] };
    expect(mayDo(limited, 'runtime:read')).toBe(true);
    expect(mayDo(limited, 'runtime:deploy')).toBe(false);
    expect(projectsOf(limited, 'runtime:deploy')).toEqual([]);
  });
});

describe('giving a role', () => {
  test.each<[string, Grant, Grant, boolean]>([
    ['an administrator gives their own', everywhere('tenant_admin'), everywhere('tenant_admin'), true],
    ['an administrator gives a smaller one', everywhere('tenant_admin'), inA('viewer'), true],
    ['an administrator gives no larger one', everywhere('tenant_admin'), everywhere('super_admin'), false],
    ['who may give no roles gives none', everywhere('developer'), inA('viewer'), false],
    ['in one project one gives there', inA('tenant_admin'), inA('operator'), true],
    ['in one project one does not give in all', inA('tenant_admin'), everywhere('viewer'), false],
    [
      'in one project one does not give in another',
      inA('tenant_admin'),
      { role: 'viewer', project: 'b' },
      false,
    ],
  ])('%s', (_, has, gives, expected) => {
    expect(mayGrant(someone(has), gives)).toBe(expected);
  });

  test('does not reach beyond the scopes of the key', () => {
    const key = {
      ...someone(everywhere('tenant_admin')),
      scopes: ['member:write' as const, 'runtime:read' as const],
    };
    expect(mayGrant(key, everywhere('viewer'))).toBe(false);
  });
});
