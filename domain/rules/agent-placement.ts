import type { AgentConfig } from '../agent-config.ts';
import type { Scheduling } from '../chart-values.ts';
import type { ComplianceRules } from '../compliance.ts';
import type { ErrorCode } from './error-code.ts';

/** What the installation has for the words of a request. */
export interface PlacementSettings {
  /** RuntimeClass that stands for isolation `strong`. */
  readonly strongRuntimeClass?: string | undefined;
  readonly compliance?: ComplianceRules | undefined;
  readonly scheduling?: Scheduling | undefined;
}

/** Where the pods of an agent run, and what they bear there. */
export interface Placement {
  readonly scheduling: Scheduling;
  readonly podLabels: Readonly<Record<string, string>>;
  readonly runtimeClassName: string | null;
  readonly gpu: { readonly count: number; readonly model: string } | null;
}

/** Why an agent cannot be placed as it was asked for. */
export interface PlacementRefusal {
  readonly code: ErrorCode;
  readonly message: string;
  readonly nextStep: string;
}

/** Where an agent runs by its own words and the installation's settings; nothing that was asked for is left out. */
export function placementOf(
  agent: Pick<AgentConfig, 'compliance' | 'isolation' | 'gpu'>,
  settings: PlacementSettings,
): Placement {
  const rules = (agent.compliance ?? []).flatMap(word => ruleOf(word, settings) ?? []);
  const all = [...(settings.scheduling ? [settings.scheduling] : []), ...rules];
  return {
    scheduling: {
      nodeSelector: Object.assign({}, ...all.map(({ nodeSelector }) => nodeSelector)),
      tolerations: all.flatMap(({ tolerations }) => tolerations),
    },
    podLabels: Object.assign({}, ...rules.map(({ labels }) => labels)),
    runtimeClassName: agent.isolation === 'strong' ? (settings.strongRuntimeClass ?? null) : null,
    gpu: gpuOf(agent.gpu),
  };
}

/** What of a request the installation cannot do; nothing when it can do all of it. */
export function refusePlacement(
  agent: Pick<AgentConfig, 'compliance' | 'isolation' | 'exposure'>,
  settings: PlacementSettings,
): PlacementRefusal | undefined {
  return refusePublic(agent) ?? refuseIsolation(agent, settings) ?? refuseCompliance(agent, settings);
}

/** "2xA10" as a number and a model. */
export function gpuOf(asked: string | undefined): Placement['gpu'] {
  const [, count, model] = /^(\d+)x(.+)$/.exec(asked ?? '') ?? [];
  return count && model ? { count: Number(count), model } : null;
}

function refusePublic({ exposure }: Pick<AgentConfig, 'exposure'>): PlacementRefusal | undefined {
  if (exposure !== 'public') return undefined;
  return {
    code: 'exposure_unavailable',
    message: 'An agent cannot be made public: its Service has an address inside the cluster only.',
    nextStep: 'Ask for `internal`, and put an Ingress or a Gateway of yours in front of it.',
  };
}

function refuseIsolation(
  { isolation }: Pick<AgentConfig, 'isolation'>,
  { strongRuntimeClass }: PlacementSettings,
): PlacementRefusal | undefined {
  if (isolation !== 'strong' || strongRuntimeClass !== undefined) return undefined;
  return {
    code: 'isolation_unavailable',
    message: 'Isolation `strong` needs a RuntimeClass, and none is configured.',
    nextStep:
      'Ask for `basic`, or install gVisor or Kata with its RuntimeClass and name that in RUNTIMEAI_STRONG_RUNTIME_CLASS.',
  };
}

function refuseCompliance(
  { compliance = [] }: Pick<AgentConfig, 'compliance'>,
  settings: PlacementSettings,
): PlacementRefusal | undefined {
  const unknown = compliance.filter(word => ruleOf(word, settings) === undefined);
  if (unknown.length > 0)
    return {
      code: 'compliance_unavailable',
      message: `Nothing is known of the compliance ${unknown.join(', ')}; known: ${Object.keys(settings.compliance ?? {}).join(', ') || 'none'}.`,
      nextStep: 'Leave the word out, or say in RUNTIMEAI_COMPLIANCE which nodes and labels fulfil it.',
    };
  const torn = contradiction(compliance, settings);
  if (torn === undefined) return undefined;
  return {
    code: 'compliance_unavailable',
    message: `No node can fulfil ${compliance.join(' and ')} together: they ask for different values of the node label ${torn}.`,
    nextStep: 'Ask for one of them, or correct RUNTIMEAI_COMPLIANCE.',
  };
}

/** The node label for which two of the words, or a word and the installation, want different values. */
function contradiction(words: readonly string[], settings: PlacementSettings): string | undefined {
  const wanted: Record<string, string> = { ...settings.scheduling?.nodeSelector };
  for (const word of words)
    for (const [label, value] of Object.entries(ruleOf(word, settings)?.nodeSelector ?? {})) {
      if (wanted[label] !== undefined && wanted[label] !== value) return label;
      wanted[label] = value;
    }
  return undefined;
}

function ruleOf(word: string, { compliance = {} }: PlacementSettings) {
  return Object.hasOwn(compliance, word) ? compliance[word] : undefined;
}
