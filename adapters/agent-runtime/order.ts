import type { AgentConfig } from '../../domain/agent-config.ts';
import type { Desired, Step } from '../../domain/change.ts';
import { agentOf } from '../../domain/rules/agent-profiles.ts';
import { chartValues } from '../../domain/rules/chart-values.ts';
import { markOf } from '../../domain/rules/marks.ts';
import type { RuntimeSpec } from '../../domain/runtime.ts';
import { AdapterFailure } from '../failure.ts';
import { imageRequired } from '../refusals.ts';
import type { ReleaseOrder } from '../releases.ts';
import type { AgentRuntimeSettings } from './settings.ts';

/** The release the step wants. A stopped agent has no pods and no autoscaler; all else stays as it was. */
export function orderOf(step: Step, settings: AgentRuntimeSettings): ReleaseOrder {
  const { chart, governance, registry, ...placement } = settings;
  const { target, desired } = step;
  if (governance === undefined)
    throw new AdapterFailure(
      'governance_settings_missing',
      `${target.namespace}/${target.release} is not changed: the governed endpoints are not all configured.`,
      { nextStep: 'Set all five endpoint variables named in docs/configuration.md, then try again.' },
    );
  const mark = markOf(step);
  const agent = poweredAgent(desired);
  const values = chartValues({ target, operationId: mark, agent, governance, registry, ...placement });
  const masked = (values.env ?? []).map(({ value }) => value);
  return { target, mark, chart, values, masked };
}

/** The agent as it shall be in the cluster now: without pods while it is stopped. */
export function poweredAgent({ spec, power }: Desired): AgentConfig {
  const agent = agentIn(spec);
  return power === 'stopped' ? { ...agent, replicas: 0 } : agent;
}

/** The agent of a spec, with what its profiles add. */
export function agentIn(spec: RuntimeSpec): AgentConfig {
  const folded = agentOf(spec, {});
  if (folded.kind === 'agent') return folded.agent;
  if (folded.kind === 'image_required')
    throw imageRequired({
      kind: 'agents',
      field: 'agent.image',
      setting: 'RUNTIMEAI_DEFAULT_AGENT_IMAGE',
    });
  const words = folded.issues.map(({ path, message }) => `/${path.join('/')} ${message}`);
  throw new AdapterFailure('values_refused', `The spec contradicts itself: ${words.join('; ')}.`, {
    nextStep: 'Say each thing once.',
  });
}
