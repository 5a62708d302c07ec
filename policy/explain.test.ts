import { describe, expect, test } from 'vitest';
import {
  allow,
  approval,
  budget,
  deny,
  fromAbove,
  inShadow,
  policyOf,
  questionFor,
} from '../test/builders/policies.ts';
import { explain } from './explain.ts';
import { PolicyExplanation } from './explanation.ts';

const question = questionFor({
  action: 'lifecycle.delete',
  desired: { replicas: 4, gpus: 0 },
  requester: { groups: ['sre'] },
  runtime: { labels: { team: 'search' } },
});
const because = (when: string) =>
  explain(question, [policyOf('a', deny({}, { when }))]).rules[0]?.when?.because.map(({ text, values }) => [
    text,
    ...values.map(({ term, value }) => `${term} = ${value}`),
  ]);

describe('the explanation of a rule', () => {
  test('tells what became of it', () => {
    const { rules } = explain(question, [
      policyOf(
        'a',
        allow(),
        deny({ project: 'web' }),
        deny({}, { when: 'desired.gpus > 0' }),
        deny({}, { when: '1 / 0 == 1' }),
      ),
      fromAbove(policyOf('b', allow())),
      inShadow(policyOf('c', deny())),
    ]);
    expect(rules.map(({ outcome }) => outcome)).toEqual([
      'matched',
      'selector',
      'condition',
      'error',
      'not_inherited',
      'matched',
    ]);
    expect(rules[1]?.misfits).toEqual([{ word: 'project', wanted: 'web', is: 'default' }]);
    expect(rules[5]).toMatchObject({ mode: 'shadow', policy: 'c', rule: 1 });
  });

  test.each([
    ['desired.gpus > 0', ['desired.gpus > 0', 'desired.gpus = 0']],
    ['desired.replicas > 2 && desired.gpus > 0', ['desired.gpus > 0', 'desired.gpus = 0']],
    ['!(desired.replicas > 2)', ['!(desired.replicas > 2)', 'desired.replicas = 4']],
    ['!(desired.gpus > 0 || desired.replicas > 2)', ['desired.replicas > 2', 'desired.replicas = 4']],
    ['runtime.labels.team == "ads"', ['runtime.labels.team == "ads"', 'runtime.labels.team = "search"']],
    [
      'requester.groups.exists(g, g == "owners")',
      ['requester.groups.exists(g, g == "owners")', 'requester.groups = ["sre"]'],
    ],
    ['has(runtime.labels.owner)', ['has(runtime.labels.owner)', 'runtime.labels = {"team":"search"}']],
    [
      'now > timestamp("2030-01-01T00:00:00Z")',
      ['now > timestamp("2030-01-01T00:00:00Z")', 'now = "2026-01-05T12:00:00.000Z"'],
    ],
    ['desired.gpu_model == "h100"', ['desired.gpu_model == "h100"', 'desired.gpu_model = null']],
    [
      'runtime.labels["owner"] == "me"',
      ['runtime.labels["owner"] == "me"', 'runtime.labels["owner"] = "field not found: owner"'],
    ],
  ])('finds the smallest part of %s that decided', (when, part) => {
    expect(because(when)).toEqual([part]);
  });

  test('names every false side of an or, and the branch that was taken', () => {
    expect(because('desired.gpus > 0 || (desired.replicas > 5 && true)')).toEqual([
      ['desired.gpus > 0', 'desired.gpus = 0'],
      ['desired.replicas > 5', 'desired.replicas = 4'],
    ]);
    expect(because('environment == "production" ? desired.gpus > 0 : true')).toEqual([
      ['environment == "production"', 'environment = "production"'],
      ['desired.gpus > 0', 'desired.gpus = 0'],
    ]);
  });
});

describe('what would make it pass', () => {
  test.each([
    ['an allow', [policyOf('a', allow())], []],
    ['no policy', [], ['any enforced policy: without one everything is denied']],
    [
      'a deny by its selector',
      [policyOf('a', deny({ action: 'lifecycle.*', labels: { team: '*' } }), allow())],
      ['rule 1 of policy "a" not matching: it denies where action is lifecycle.* and label team is there'],
    ],
    [
      'a deny by its condition',
      [policyOf('a', deny({}, { when: 'desired.replicas > 2' }), allow())],
      [
        'rule 1 of policy "a" not matching: it denies where desired.replicas > 2 (desired.replicas is 4) is true',
      ],
    ],
    [
      'a deny from above',
      [fromAbove(policyOf('a', deny())), policyOf('b', allow())],
      [
        'rule 1 of policy "a" of tenant holding above not matching: it denies everything (only tenant holding can change it)',
      ],
    ],
    [
      'the default',
      [policyOf('a', allow({ project: 'web' }, { when: 'true' }), allow({}, { when: 'desired.gpus > 0' }))],
      [
        'an allow_action or require_approval rule that matches lifecycle.delete in production: rule 1 of policy "a" would allow it if project were web (is default); rule 2 of policy "a" would allow it if desired.gpus > 0 were true (desired.gpus is 0)',
      ],
    ],
    [
      'an approval',
      [policyOf('a', approval({ quorum: 2, roles: ['operator'] }))],
      ['the approval of 2 people with role operator, which rule 1 of policy "a" demands'],
    ],
  ])('%s', (_, policies, wanted) => {
    expect(explain(question, policies).would_pass).toEqual(wanted);
  });

  test('a budget says how much it leaves', () => {
    const costly = questionFor({ cost: { before: 10, after: 50, tenant: 80 } });
    expect(explain(costly, [policyOf('a', budget({ monthly: 100 }))]).would_pass).toEqual([
      'cost.after of 20 EUR or less (it is 50), which rule 1 of policy "a" leaves',
    ]);
  });

  test('a rule that fails says at what', () => {
    const { would_pass } = explain(question, [
      policyOf('a', allow(), deny({}, { when: 'runtime.labels.owner == "me"' })),
    ]);
    expect(would_pass[0]).toMatch(
      /^rule 1|rule 2 of policy "a" mended: its condition failed: field not found: owner at runtime.labels.owner/,
    );
  });

  test('comes with everything else as the API answers it', () => {
    const explanation = explain(question, [
      policyOf('a', approval({}, { when: 'desired.replicas > 2' }), deny({}, { when: '1 +' })),
    ]);
    expect(PolicyExplanation.parse(explanation)).toEqual(explanation);
  });
});
