import type { Policy, PolicyQuestion } from '../../domain/policy.ts';
import { judge } from '../../policy/judge.ts';
import {
  allow,
  approval,
  budget,
  deny,
  egress,
  fromAbove,
  inShadow,
  policyOf,
  questionFor,
} from '../builders/policies.ts';

/** How long judging took, in milliseconds. */
export interface PolicyCheck {
  readonly rules: number;
  readonly conditions: number;
  readonly tookMs: readonly number[];
}

const WARM_UP = 500;

/** Ten conditions as people write them. */
const CONDITIONS = [
  'desired.replicas > 50',
  'before != null && desired.cpu > before.cpu * 8.0',
  'desired.gpus > 0 && !("ml" in requester.groups)',
  'requester.groups.exists(g, g.startsWith("contractor-"))',
  'requester.kind == "agent" && requester.on_behalf_of == null',
  'desired.image != null && !desired.image.matches("^registry[.]acme[.]eu/")',
  'now.getDayOfWeek() in [0, 6] && cost.after > 1000',
  'has(runtime.labels.tier) && runtime.labels.tier == "critical" && desired.replicas < 2',
  'requester.roles.all(r, r == "viewer")',
  'cost.after > 5000 && cost.after > cost.before * 1.5',
];

/** Judges questions by fifty rules of every kind, ten of them with a condition: each is asked, none denies. */
export function measurePolicyCheck({
  checks,
  say,
}: {
  checks: number;
  say: (line: string) => void;
}): PolicyCheck {
  say(`${checks} questions to fifty rules`);
  const policies = fiftyRules();
  const questions = manyQuestions();
  const next = (at: number) => questions[at % questions.length] ?? questionFor();
  for (let at = 0; at < WARM_UP; at += 1) judge(next(at), policies);
  const tookMs = Array.from({ length: checks }, (_, at) => timeOf(next(at), policies));
  const rules = policies.flatMap(policy => policy.rules);
  return { rules: rules.length, conditions: rules.filter(({ when }) => when !== undefined).length, tookMs };
}

function timeOf(question: PolicyQuestion, policies: readonly Policy[]): number {
  const started = performance.now();
  const { answer } = judge(question, policies);
  const took = performance.now() - started;
  if (answer === 'deny')
    throw new Error(`the rules of the benchmark deny ${question.action}: they no longer measure all`);
  return took;
}

function fiftyRules(): Policy[] {
  const projects = Array.from({ length: 16 }, (_, at) => `project-${at}`);
  return [
    policyOf('conditions', ...CONDITIONS.map(when => deny({}, { when }))),
    policyOf(
      'projects',
      ...projects.map(project => deny({ project, action: 'lifecycle.*' }, { reason: 'closed' })),
    ),
    policyOf('labels', ...projects.slice(0, 8).map(team => deny({ labels: { team, frozen: '*' } }))),
    policyOf(
      'open',
      allow({ action: 'deploy.*' }),
      allow({ action: 'lifecycle.*', environment: 'production' }),
    ),
    policyOf('people', approval({ quorum: 2, roles: ['operator'] }), approval({ groups: ['owners'] })),
    policyOf(
      'money',
      budget({ monthly: 90_000 }),
      budget({ monthly: 9_000, per: 'project', over: 'require_approval' }),
    ),
    policyOf(
      'reach',
      egress({ cidrs: ['10.1.0.0/16', '10.2.0.0/16'], namespaces: ['data'] }),
      egress({ cidrs: ['10.3.0.0/16'] }),
    ),
    fromAbove(
      policyOf(
        'holding',
        egress({ cidrs: ['10.0.0.0/8'], namespaces: ['data'] }),
        budget({ monthly: 99_000 }),
      ),
    ),
    fromAbove(policyOf('above', ...projects.slice(0, 4).map(project => deny({ tenant: 'globex', project })))),
    inShadow(policyOf('next', approval({ quorum: 3 }), deny({ runtime_kind: 'vm' }))),
  ];
}

function manyQuestions(): PolicyQuestion[] {
  return (['deploy.upgrade', 'deploy.install', 'lifecycle.scale', 'lifecycle.delete'] as const).flatMap(
    action =>
      [1, 4, 12].map(replicas =>
        questionFor({
          action,
          desired: { replicas, cpu: replicas / 2, image: 'registry.acme.eu/agent@sha256:0a1b' },
          runtime: { labels: { team: 'search', tier: 'normal', owner: 'ann' } },
          requester: {
            groups: Array.from({ length: 20 }, (_, at) => `team-${at}`),
            roles: ['developer', 'operator'],
          },
          cost: { before: 10, after: 10 * replicas, tenant: 500, project: 100, environment: 300 },
        }),
      ),
  );
}
