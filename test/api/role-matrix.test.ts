import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Route } from '../../api/openapi/route.ts';
import { ROUTES } from '../../api/openapi/routes.ts';
import { Role } from '../../domain/principal.ts';
import { type GovernedWorld, type Named, openGovernedWorld } from './governed-world.ts';
import { requestOf } from './route-requests.ts';
import type { Answer } from './server.ts';

/** Who may call a route, and what it is called with where its own examples do not do. */
interface Row {
  readonly may: readonly Role[] | 'anyone';
  /** What a permitted call is answered; of a command 503, because Temporal is away. */
  readonly status?: number;
  /** Made anew for each cell: ids of what may be used up, and the body. */
  readonly ask?: (world: GovernedWorld, role: Role) => Promise<Asked>;
}

interface Asked {
  readonly named?: Partial<Named>;
  readonly body?: object;
}

const ALL: readonly Role[] = [
  'super_admin',
  'tenant_admin',
  'developer',
  'operator',
  'analyst',
  'auditor',
  'viewer',
];
const READERS: readonly Role[] = [
  'super_admin',
  'tenant_admin',
  'developer',
  'operator',
  'analyst',
  'auditor',
];
const OPERATORS: readonly Role[] = ['super_admin', 'tenant_admin', 'developer', 'operator'];
const DEVELOPERS: readonly Role[] = ['super_admin', 'tenant_admin', 'developer'];
const DECIDERS: readonly Role[] = ['super_admin', 'tenant_admin', 'operator'];
const ADMINS: readonly Role[] = ['super_admin', 'tenant_admin'];
const AUDITORS: readonly Role[] = ['super_admin', 'tenant_admin', 'auditor'];

const TABLE: Readonly<Record<string, Row>> = {
  createRuntime: { may: DEVELOPERS },
  listRuntimes: { may: ALL },
  getRuntime: { may: ALL },
  getRuntimeStatus: { may: ALL },
  listRuntimeKinds: { may: ALL },
  deleteRuntime: { may: DEVELOPERS },
  startRuntime: { may: OPERATORS },
  stopRuntime: { may: OPERATORS },
  restartRuntime: { may: OPERATORS },
  scaleRuntime: { may: OPERATORS },
  snapshotRuntime: { may: OPERATORS },
  restoreRuntime: { may: OPERATORS },
  migrateRuntime: { may: OPERATORS },
  listSnapshots: { may: ALL },
  submitIntent: { may: OPERATORS },
  getIntent: { may: ALL },
  planActions: { may: ALL, status: 200 },
  executeActions: { may: OPERATORS },
  createDeployment: { may: OPERATORS },
  listDeployments: { may: ALL },
  getDeployment: { may: ALL },
  getOperation: { may: ALL },
  listOperations: { may: ALL },
  cancelOperation: { may: OPERATORS },
  resolveOperation: { may: DECIDERS },
  listApprovals: { may: READERS },
  getApproval: { may: READERS },
  decideApproval: { may: DECIDERS },
  withdrawDecision: { may: READERS },
  createDelegation: { may: DECIDERS, ask: toSomebody },
  listDelegations: { may: READERS },
  getDelegation: { may: READERS },
  revokeDelegation: { may: ADMINS, ask: delegationOfOthers },
  listEvents: { may: ALL },
  createPolicy: { may: ADMINS, ask: async () => ({ body: { name: fresh('policy'), rules: [] } }) },
  listPolicies: { may: READERS },
  getPolicy: { may: READERS },
  replacePolicy: {
    may: ADMINS,
    ask: async () => ({ ...(await freshPolicy()), body: { name: fresh('policy'), rules: [] } }),
  },
  listPolicyVersions: { may: READERS },
  checkPolicies: { may: READERS, status: 200 },
  testPolicies: { may: READERS, status: 200 },
  replayPolicies: { may: READERS, status: 200 },
  exportPolicies: { may: READERS, status: 200 },
  deletePolicy: { may: ADMINS, ask: freshPolicy },
  createTenant: { may: ['super_admin'], ask: async () => ({ body: { id: fresh('t') } }) },
  listTenants: { may: AUDITORS },
  getTenant: { may: AUDITORS },
  createProject: { may: DEVELOPERS, ask: async () => ({ body: { name: fresh('p') } }) },
  listProjects: { may: ALL },
  getProject: { may: ALL },
  changeProject: { may: ADMINS },
  listProjectMembers: { may: READERS },
  createMember: { may: ADMINS },
  listMembers: { may: READERS },
  getMember: { may: READERS },
  changeMember: { may: ADMINS, ask: freshMember },
  disableMember: { may: ADMINS, ask: freshMember },
  whoami: { may: ALL },
  createKey: { may: ALL },
  listKeys: { may: ALL },
  getKey: { may: ALL, ask: keyOfOneself },
  rotateKey: { may: ALL, ask: keyOfOneself },
  revokeKey: { may: ALL, ask: keyOfOneself },
  listAudit: { may: AUDITORS },
  exportAudit: { may: AUDITORS },
  listAuditCheckpoints: { may: AUDITORS },
  getAuditRecord: { may: AUDITORS },
  // Nobody seals here, and what is not sealed has no proof.
  getAuditProof: { may: AUDITORS, status: 409 },
  getHealth: { may: 'anyone' },
};

let world: GovernedWorld;
beforeAll(async () => {
  world = await openGovernedWorld();
});
afterAll(() => world.close());

test('every route has a row, and every row a route', () => {
  expect(Object.keys(TABLE).sort()).toEqual(ROUTES.map(({ operationId }) => operationId).sort());
  expect([...ALL].sort()).toEqual([...Role.options].sort());
});

const cells = ROUTES.flatMap(route => {
  const row = TABLE[route.operationId];
  return row ? [{ operationId: route.operationId, route, row }] : [];
});

describe.each(cells)('$operationId', ({ route, row }) => {
  test.each(ALL)('as %s', async role => {
    const answer = await ask(route, { row, role, key: world.tenants.keyOf('acme', role) });
    if (row.may === 'anyone' || row.may.includes(role)) {
      expect(answer.status, JSON.stringify(answer.body)).toBe(statusOf(route, row));
    } else {
      expect([answer.status, answer.body.code]).toEqual([403, 'permission_missing']);
    }
  });

  test('as nobody, with a wrong key and with a revoked one', async () => {
    const revoked = await world.revokedKey('acme', 'super_admin');
    for (const key of [undefined, 'rtai_test_0000000000000000_x_y', revoked]) {
      const answer = await ask(route, { row, role: 'super_admin', ...(key !== undefined && { key }) });
      if (row.may === 'anyone') expect(answer.status).toBe(statusOf(route, row));
      else expect([answer.status, answer.body.code]).toEqual([401, 'unauthenticated']);
    }
  });

  test.runIf(route.path.includes('{'))('as the super_admin of another tenant', async () => {
    const key = world.tenants.keyOf('globex', 'super_admin');
    const answer = await ask(route, { row, role: 'super_admin', key });
    expect([answer.status, answer.body.code]).toEqual([404, expect.stringMatching(/not_found$/)]);
  });
});

async function ask(
  route: Route,
  { row, role, key }: { row: Row; role: Role; key?: string },
): Promise<Answer> {
  const { named, body } = (await row.ask?.(world, role)) ?? {};
  const ids = { ...world.named('acme', 'acme-secret'), ...named };
  return world.server.call({ ...requestOf(route, { ids, body }), ...(key !== undefined && { key }) });
}

function statusOf({ method, withoutTemporal, answer }: Route, row: Row): number {
  if (row.status !== undefined) return row.status;
  return method === 'get' || withoutTemporal ? answer.status : 503;
}

let count = 0;
function fresh(word: string): string {
  count += 1;
  return `${word}${count}`;
}

async function freshPolicy(): Promise<Asked> {
  const { id } = await world.made('acme', '/v1/policies', { name: fresh('policy'), rules: [] });
  return { named: { policy_id: id } };
}

async function freshMember(): Promise<Asked> {
  const { id } = await world.made('acme', '/v1/members', { name: fresh('member'), kind: 'human' });
  return { named: { principal_id: id } };
}

async function toSomebody(): Promise<Asked> {
  const { named } = await freshMember();
  return { body: { to: named?.principal_id, until: inAnHour() } };
}

async function delegationOfOthers(): Promise<Asked> {
  const [from, to] = [await freshMember(), await freshMember()];
  const body = { from: from.named?.principal_id, to: to.named?.principal_id, until: inAnHour() };
  const { id } = await world.made('acme', '/v1/delegations', body);
  return { named: { delegation_id: id } };
}

async function keyOfOneself(_: GovernedWorld, role: Role): Promise<Asked> {
  const principalId = world.principalOf('acme', role);
  const { id } = await world.made('acme', '/v1/keys', { name: fresh('key'), principal_id: principalId });
  return { named: { key_id: id } };
}

function inAnHour(): string {
  return new Date(Date.now() + 3600_000).toISOString();
}
