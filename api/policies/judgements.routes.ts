import { ReplayReport } from '../../policy/replay.ts';
import { SuiteReport } from '../../policy/suite.ts';
import { EXAMPLES } from '../openapi/examples.ts';
import type { Route } from '../openapi/route.ts';
import {
  PolicyCheckAnswer,
  PolicyCheckRequest,
  PolicyExportAnswer,
  PolicyExportQuery,
  PolicyReplayRequest,
  PolicyTestRequest,
} from './judgements.schemas.ts';

const CHANGES_NOTHING =
  'It changes nothing and can be repeated at will: an Idempotency-Key may be sent and is not kept.';

/** What the policies say, would say and have said. */
export const judgementRoutes: readonly Route[] = [
  {
    operationId: 'checkPolicies',
    method: 'post',
    path: '/policies/check',
    tag: 'Policies',
    summary: 'Ask what the policies would say, and why',
    description: `The explanation has what became of each rule: that it matched, which word of its selector did not fit, or which part of its \`when\` was false with which values; and what would make it pass. No decision is kept. ${CHANGES_NOTHING}`,
    permission: 'policy:read',
    body: { schema: PolicyCheckRequest, required: true, examples: EXAMPLES.checkPolicies },
    answer: { status: 200, description: 'The verdict', schema: PolicyCheckAnswer },
    problems: ['runtime_not_found'],
    withoutTemporal: true,
    changesNothing: true,
  },
  {
    operationId: 'testPolicies',
    method: 'post',
    path: '/policies/test',
    tag: 'Policies',
    summary: 'Hold policies against questions whose answers are known',
    description: `A fixture that fails is an answer, not an error. \`coverage\` has by how many fixtures each rule was matched. ${CHANGES_NOTHING}`,
    permission: 'policy:read',
    body: { schema: PolicyTestRequest, required: true, examples: EXAMPLES.testPolicies },
    answer: { status: 200, description: 'What came of it, fixture by fixture', schema: SuiteReport },
    problems: ['rule_not_enforced'],
    withoutTemporal: true,
    changesNothing: true,
  },
  {
    operationId: 'replayPolicies',
    method: 'post',
    path: '/policies/replay',
    tag: 'Policies',
    summary: 'Decide recorded decisions again under a draft',
    description: `Every question that was judged for an operation is kept with its answer; they are judged again, each with what held when it was asked. ${CHANGES_NOTHING}`,
    permission: 'policy:read',
    body: { schema: PolicyReplayRequest, required: true, examples: EXAMPLES.replayPolicies },
    answer: { status: 200, description: 'Which answers would be others', schema: ReplayReport },
    problems: ['rule_not_enforced'],
    withoutTemporal: true,
    changesNothing: true,
  },
  {
    operationId: 'exportPolicies',
    method: 'get',
    path: '/policies/export',
    tag: 'Policies',
    summary: 'Policies for the cluster itself',
    description:
      'What of the enforced `deny_action` rules the API server can see by itself, as ValidatingAdmissionPolicies on the objects that runtimes are made of: whoever changes them past RuntimeAI is refused too. They refuse nothing that the rules allow; what they cannot see is in `left_out`, with the reason. They bind RuntimeAI itself as well, also when it puts things back, unless `except_user` names it. Export again after a change of the policies.',
    permission: 'policy:read',
    query: PolicyExportQuery,
    answer: { status: 200, description: 'Manifests, and what they leave out', schema: PolicyExportAnswer },
  },
];
