import type { ReleaseOrder } from '../../adapters/releases.ts';
import { chartValues } from '../../domain/rules/chart-values.ts';
import { refusePlacement } from '../../domain/rules/placement.ts';
import { failure } from '../failures.ts';
import type { ReleaseDeps, ReleaseInput } from '../helm.ts';
import { nameOf } from './operation.ts';

/** The release of a deploy; refused while a governed endpoint, or what the agent asks for, is not configured. */
export function agentOrder(deps: ReleaseDeps, input: ReleaseInput): ReleaseOrder {
  const { target, operationId, agent } = input;
  const { governance, scheduling, registry, strongRuntimeClass, compliance, restrictedEgress } = deps;
  if (governance === undefined) {
    throw failure(
      'governance_settings_missing',
      `${nameOf(target)} is not deployed: the governed endpoints are not all configured.`,
      {
        nextStep: 'Set all five endpoint variables named in docs/configuration.md, then deploy again.',
      },
    );
  }
  const placement = { scheduling, strongRuntimeClass, compliance, restrictedEgress };
  const refusal = refusePlacement(agent, placement);
  if (refusal) throw failure(refusal.code, `${nameOf(target)} is not deployed: ${refusal.message}`, refusal);
  const values = chartValues({ target, operationId, agent, governance, registry, ...placement });
  const masked = (values.env ?? []).map(variable => variable.value);
  return { target, mark: operationId, chart: deps.chart, values, masked };
}
