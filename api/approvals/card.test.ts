import { describe, expect, it } from 'vitest';
import type { ApprovalDetail } from './approvals.schemas.ts';
import { cardText } from './card.ts';

const demand = { quorum: 2, roles: ['operator'], groups: [], acr: [], because: 'production' } as const;
const APPROVAL: ApprovalDetail = {
  id: 'apr_01h455vb4pex5vsknk084sn02q',
  operation_id: 'op_01h455vb4pex5vsknk084sn02q',
  runtime_id: 'rt_01h455vb4pex5vsknk084sn02q',
  deployment_id: null,
  project: 'payments',
  status: 'open',
  reason: 'production needs two',
  quorum: 2,
  demands: [{ ...demand, roles: ['operator'], groups: [], acr: [] }],
  digest: 'd'.repeat(64),
  card: {
    title: 'deploy shop:1.5.0 into checkout',
    changes: [{ kind: 'Deployment', name: 'checkout', change: 'update', diff: '-a: 1\n+a: 2\n' }],
    summary: { create: 0, update: 1, unchanged: 3, remove: 0 },
    steps: ['1. scale'],
    target: { namespace: 'acme-payments' },
    chart: 'agent-runtime 1.0.0',
    risk: { level: 'high', reasons: ['it is in production'] },
    cost: { before: 10, after: 25.504, tenant: 0, project: 0, environment: 0, unit: 'EUR' },
    evidence: ['healthy'],
    requested_by: 'bot',
    on_behalf_of: 'rosa',
    comment: null,
  },
  supersedes: null,
  difference: 'the image changed',
  requested_by: 'bot',
  requester_id: 'prn_1',
  decisions: [
    {
      decided_by: 'emil',
      principal_id: 'prn_2',
      for: { id: 'prn_3', name: 'dora' },
      decision: 'approve',
      comment: 'fine',
      decided_at: '2026-01-01T00:00:00.000Z',
      withdrawn_at: null,
    },
  ],
  progress: [
    {
      demand: { ...demand, roles: ['operator'], groups: [], acr: [] },
      wanted: '2 people with role operator',
      agreed: ['emil in the place of dora'],
      missing: 1,
    },
  ],
  you: { may_decide: true, in_place_of: null, why_not: null },
  expires_at: '2026-01-02T00:00:00.000Z',
  created_at: '2026-01-01T00:00:00.000Z',
  closed_at: null,
};

describe('the card', () => {
  it('tells what changes, where, at which risk and cost, who asked, who must agree and who has', () => {
    const text = cardText(APPROVAL);
    for (const line of [
      '# deploy shop:1.5.0 into checkout',
      '- Asked by: bot, on behalf of rosa',
      '- Where: namespace `acme-payments`',
      '2 people with role operator: emil in the place of dora (**1 missing**)',
      '- emil in the place of dora approved 2026-01-01T00:00:00.000Z: fine',
      '10 → 25.5 EUR a month (**+15.5**)',
      '- it is in production',
      '```diff\n-a: 1\n+a: 2\n```',
      'the image changed',
      '{"decision":"approve","digest":"dddd',
    ])
      expect(text).toContain(line);
  });

  it('lets no manifest end its block and no text be a link', () => {
    const diff = '+ x: |\n+```\n+# approved by everybody\n+````\n';
    const changes = [{ kind: 'ConfigMap', name: 'a`b', change: 'update' as const, diff }];
    const comment = '[click](http://evil.example) <b>';
    const text = cardText({ ...APPROVAL, card: { ...APPROVAL.card, changes, comment } });
    expect(text).toContain('`````diff\n');
    expect(text).toContain('\\[click\\](http://evil.example) \\<b\\>');
    expect(text).toContain('`a b`');
  });

  it('sends no control sequence and no change of direction to a terminal', () => {
    const evil = '\u001b[2Jcleared \u202egnp.exe\u0007';
    const card = { ...APPROVAL.card, title: evil, comment: evil, evidence: [evil] };
    const changes = [{ kind: 'Pod', name: evil, change: 'update' as const, diff: `+${evil}\n` }];
    const text = cardText({ ...APPROVAL, card: { ...card, changes } });
    expect([...text].filter(each => /\p{C}/u.test(each) && each !== '\n')).toEqual([]);
  });

  it('says why the reader cannot decide, and nothing of it when it is closed', () => {
    const why_not = { code: 'four_eyes', message: 'rosa asked for it' };
    const you = { may_decide: false, in_place_of: null, why_not };
    expect(cardText({ ...APPROVAL, you })).toContain('You cannot decide on this: rosa asked for it.');
    expect(cardText({ ...APPROVAL, status: 'approved', progress: null })).not.toContain('Your decision');
  });
});
