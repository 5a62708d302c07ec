import type { ActionResult } from '../action.ts';
import type { OperationStep, Outcome, Stage } from '../operation.ts';
import type { ActionPlan, IntentResult, IntentStatus } from '../planner.ts';
import { statusOf } from './operation-status.ts';

/** The contract's word for how far an intent is. */
export function intentStatus(stage: Stage, outcome: Outcome | null): IntentStatus {
  const status = statusOf(stage, outcome);
  if (status === 'queued') return 'planned';
  if (status === 'running') return stage === 'preparing' ? 'planned' : 'executing';
  return status;
}

/** What came of an intent, once its operation has ended. */
export function intentResult(ended: {
  readonly outcome: Outcome;
  readonly message: string | null;
  readonly steps: readonly OperationStep[];
  readonly plan: ActionPlan;
}): IntentResult {
  const { outcome, message, steps, plan } = ended;
  return {
    summary: message ?? outcome,
    executed_actions: steps.flatMap(actionResult),
    recommendations: plan.recommendations,
    undone: steps.some(({ status }) => status === 'undone'),
  };
}

function actionResult({ action, status, message }: OperationStep): ActionResult[] {
  if (action === null) return [];
  if (status === 'succeeded' || status === 'failed' || status === 'skipped')
    return [{ action, status, message }];
  return [{ action, status: status === 'pending' ? 'skipped' : 'failed', message: message ?? status }];
}
