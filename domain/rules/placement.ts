import type { Scheduling } from '../chart-values.ts';
import type { ComplianceRule, ComplianceRules } from '../compliance.ts';
import type { RestrictedEgress } from '../egress.ts';
import type { RuntimeSpec } from '../runtime.ts';
import type { ErrorCode } from './error-code.ts';

/** What the installation has for the words of a request. */
export interface PlacementSettings {
  /** RuntimeClass that stands for isolation `strong`. */
  readonly strongRuntimeClass?: string | undefined;
  readonly compliance?: ComplianceRules | undefined;
  /** Where pods run in any case. */
  readonly scheduling?: Scheduling | undefined;
  /** Where restricted egress leads; to DNS alone when left out. */
  readonly restrictedEgress?: RestrictedEgress | undefined;
}

/** What a runtime asks of the place it runs at; an agent’s own fields have these names. */
export interface PlacementWish {
  readonly compliance?: readonly string[] | undefined;
  readonly isolation?: 'basic' | 'strong' | undefined;
  readonly exposure?: 'private' | 'internal' | 'public' | undefined;
  /** e.g. `2xA10`. */
  readonly gpu?: string | undefined;
}

export interface Gpu {
  readonly count: number;
  readonly model: string;
}

/** Where the pods of a runtime run, and what they bear there. */
export interface Placement {
  readonly scheduling: Scheduling;
  readonly podLabels: Readonly<Record<string, string>>;
  readonly runtimeClassName: string | null;
  readonly gpu: Gpu | null;
}

/** Why a runtime cannot be placed as it was asked for. */
export interface PlacementRefusal {
  readonly code: ErrorCode;
  readonly message: string;
  readonly nextStep: string;
}

/** What a spec asks of its place; `isolation` is what holds for the kind where the spec does not say. */
export function wishOf(
  { security, networking, resources }: RuntimeSpec,
  { isolation }: { readonly isolation: 'basic' | 'strong' },
): PlacementWish {
  return {
    compliance: security?.compliance,
    isolation: security?.isolation ?? isolation,
    exposure: networking?.exposure,
    gpu: resources?.gpu ?? undefined,
  };
}

/** Where a runtime runs by its own words and the installation's settings; nothing that was asked for is left out. */
export function placementOf(wish: PlacementWish, settings: PlacementSettings): Placement {
  const own = settings.scheduling ?? { nodeSelector: {}, tolerations: [] };
  const { nodeSelector, tolerations, labels } = complianceOf(wish, settings);
  return {
    scheduling: {
      nodeSelector: { ...own.nodeSelector, ...nodeSelector },
      tolerations: [...own.tolerations, ...tolerations],
    },
    podLabels: labels,
    runtimeClassName: wish.isolation === 'strong' ? (settings.strongRuntimeClass ?? null) : null,
    gpu: gpuOf(wish.gpu),
  };
}

/** What all words of compliance ask together, in an order that does not depend on how they were written. */
export function complianceOf(
  { compliance = [] }: Pick<PlacementWish, 'compliance'>,
  settings: Pick<PlacementSettings, 'compliance'>,
): ComplianceRule {
  const rules = compliance.toSorted().flatMap(word => ruleOf(word, settings) ?? []);
  return {
    nodeSelector: Object.assign({}, ...rules.map(({ nodeSelector }) => nodeSelector)),
    tolerations: rules.flatMap(({ tolerations }) => tolerations),
    labels: Object.assign({}, ...rules.map(({ labels }) => labels)),
  };
}

/** What of a wish the installation cannot do; nothing when it can do all of it. */
export function refusePlacement(
  wish: PlacementWish,
  settings: PlacementSettings,
): PlacementRefusal | undefined {
  return (
    refusePublic(wish) ??
    refuseIsolation(wish, settings) ??
    refuseUnknownWords(wish, settings) ??
    refuseContradiction(wish, settings)
  );
}

/** "2xA10" as a number and a model. */
export function gpuOf(asked: string | null | undefined): Gpu | null {
  const [, count, model] = /^(\d+)x(.+)$/.exec(asked ?? '') ?? [];
  return count && model ? { count: Number(count), model } : null;
}

function refusePublic({ exposure }: PlacementWish): PlacementRefusal | undefined {
  if (exposure !== 'public') return undefined;
  return {
    code: 'exposure_unavailable',
    message: 'It cannot be made public: a runtime has an address inside the cluster only.',
    nextStep: 'Ask for `internal`, and put an Ingress or a Gateway of yours in front of it.',
  };
}

function refuseIsolation(
  { isolation }: PlacementWish,
  { strongRuntimeClass }: PlacementSettings,
): PlacementRefusal | undefined {
  if (isolation !== 'strong' || strongRuntimeClass !== undefined) return undefined;
  return {
    code: 'isolation_unavailable',
    message: 'Isolation `strong` needs a RuntimeClass, and none is configured.',
    nextStep:
      'Ask for isolation `basic` (a sandbox is strong unless told), or install gVisor or Kata with its RuntimeClass and name that in RUNTIMEAI_STRONG_RUNTIME_CLASS.',
  };
}

function refuseUnknownWords(
  { compliance = [] }: PlacementWish,
  settings: PlacementSettings,
): PlacementRefusal | undefined {
  const unknown = compliance.filter(word => ruleOf(word, settings) === undefined);
  if (unknown.length === 0) return undefined;
  const known = Object.keys(settings.compliance ?? {}).join(', ') || 'none';
  return {
    code: 'compliance_unavailable',
    message: `Nothing is known of the compliance ${unknown.join(', ')}; known: ${known}.`,
    nextStep: 'Leave the word out, or say in RUNTIMEAI_COMPLIANCE which nodes and labels fulfil it.',
  };
}

function refuseContradiction(
  { compliance = [] }: PlacementWish,
  settings: PlacementSettings,
): PlacementRefusal | undefined {
  const rules = compliance.flatMap(word => ruleOf(word, settings) ?? []);
  const own = settings.scheduling?.nodeSelector ?? {};
  const ofNodes = tornLabel([own, ...rules.map(({ nodeSelector }) => nodeSelector)]);
  const ofPods = tornLabel(rules.map(({ labels }) => labels));
  if (ofNodes === undefined && ofPods === undefined) return undefined;
  const torn = ofNodes === undefined ? `pod label ${ofPods}` : `node label ${ofNodes}`;
  return {
    code: 'compliance_unavailable',
    message: `Nothing can fulfil ${compliance.join(' and ')} here: different values of the ${torn} are asked for.`,
    nextStep: 'Ask for one of them, or correct RUNTIMEAI_COMPLIANCE.',
  };
}

/** The label for which two of these want different values. */
function tornLabel(wanted: readonly Readonly<Record<string, string>>[]): string | undefined {
  const values = new Map<string, string>();
  for (const [label, value] of wanted.flatMap(labels => Object.entries(labels))) {
    if ((values.get(label) ?? value) !== value) return label;
    values.set(label, value);
  }
  return undefined;
}

function ruleOf(word: string, { compliance = {} }: Pick<PlacementSettings, 'compliance'>) {
  return Object.hasOwn(compliance, word) ? compliance[word] : undefined;
}
