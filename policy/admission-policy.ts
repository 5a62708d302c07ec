import type { Policy, PolicyAction, PolicyRule } from '../domain/policy.ts';
import { Labels, RuntimeType } from '../domain/runtime.ts';
import { ProjectName } from '../domain/tenant.ts';
import { CLUSTER_KINDS, type ClusterKind, type ClusterOperation, type Way } from './admission-kinds.ts';
import { type AdmissionExportOptions, manifestsOf, type Target } from './admission-manifests.ts';
import { translateWhen } from './admission-when.ts';
import { actionsOf } from './glob.ts';
import { type Placed, placedRules } from './naming.ts';

/** What of a tenant's policies the cluster can enforce by itself, and what not. */
export interface AdmissionExport {
  /** ValidatingAdmissionPolicies (admissionregistration.k8s.io/v1), each followed by its binding. */
  readonly manifests: readonly object[];
  readonly left_out: readonly LeftOut[];
}

export interface LeftOut {
  readonly policy: string;
  readonly policy_id: string;
  /** Number of the rule in its policy, from 1. */
  readonly rule: number;
  readonly why: string;
}

/** Says the enforced deny rules of a tenant as ValidatingAdmissionPolicies; never refuses what the rules would allow. */
export function admissionPolicies(
  policies: readonly Policy[],
  options: AdmissionExportOptions,
): AdmissionExport {
  const exported = placedRules(policies.filter(({ mode }) => mode === 'enforce'))
    .filter(({ rule }) => isAbout(rule, options.tenant))
    .map(placed => exportRule(placed, options));
  return {
    manifests: exported.flatMap(({ manifests }) => manifests),
    left_out: exported.flatMap(({ leftOut }) => leftOut),
  };
}

interface Exported {
  readonly manifests: readonly object[];
  readonly leftOut: readonly LeftOut[];
}

/** A rule of a tenant above may be for another of its tenants; what allows needs no refusal. */
function isAbout({ kind, selector }: PolicyRule, tenant: string): boolean {
  return kind !== 'allow_action' && (selector.tenant === undefined || selector.tenant === tenant);
}

function exportRule(placed: Placed, options: AdmissionExportOptions): Exported {
  const reason = unsayable(placed);
  if (reason !== undefined) return { manifests: [], leftOut: [leftOut(placed, reason)] };
  const { runtime_kind } = placed.rule.selector;
  const kinds = RuntimeType.options.filter(type => runtime_kind === undefined || type === runtime_kind);
  const exported = kinds.map(type => exportForKind(placed, { ...options, type, kind: CLUSTER_KINDS[type] }));
  return {
    manifests: exported.flatMap(({ manifests }) => manifests),
    leftOut: together(exported).map(each => leftOut(placed, each)),
  };
}

/** What is the same for several kinds of runtime is said once. */
function together(exported: readonly ForKind[]): string[] {
  const said = exported.flatMap(({ type, reasons }) => reasons.map(reason => ({ type, reason })));
  const byReason = Map.groupBy(said, ({ reason }) => reason);
  return [...byReason].map(([reason, each]) => `of ${each.map(({ type }) => type).join(', ')}: ${reason}`);
}

function leftOut({ policy, number }: Placed, why: string): LeftOut {
  return { policy: policy.name, policy_id: policy.id, rule: number, why };
}

/** Why nothing of the rule can be said to the cluster. */
function unsayable({ policy, rule }: Placed): string | undefined {
  const { lifecycle, environment } = rule.selector;
  if (rule.kind !== 'deny_action')
    return `a ${rule.kind} needs what the cluster does not know; only deny_action can be exported`;
  if (lifecycle !== undefined && lifecycle !== 'new')
    return `objects in the cluster do not show the lifecycle ${lifecycle}`;
  if (policy.scope_env !== null && environment !== undefined && environment !== policy.scope_env)
    return `the rule is about ${environment} and its policy about ${policy.scope_env}, so it holds nowhere`;
  return impossible(rule.selector);
}

/** Words no runtime can have would make a selector that the API server refuses. */
function impossible({ project, labels = {} }: PolicyRule['selector']): string | undefined {
  if (project !== undefined && !ProjectName.safeParse(project).success)
    return 'no project can have this name, so it holds nowhere';
  const values = Object.entries(labels).map(([key, value]) => [key, value === '*' ? '' : value]);
  if (Labels.safeParse(Object.fromEntries(values)).success) return undefined;
  return 'no runtime can bear these labels, so it holds nowhere';
}

interface ForKind {
  readonly type: RuntimeType;
  readonly manifests: readonly object[];
  readonly reasons: readonly string[];
}

function exportForKind(placed: Placed, target: Target): ForKind {
  const { type, kind } = target;
  const denied = deniedActions(placed.rule, kind);
  if (denied.length === 0) return { type, manifests: [], reasons: [] };
  const hidden = hiddenWord(placed, kind);
  if (hidden) return { type, manifests: [], reasons: [`the cluster does not show ${hidden}`] };
  const ways = waysOf(kind, denied).filter(way => holdsFor(placed.rule, way));
  const said = ways.map(way => ({ way, ...passing(placed, { target, operation: way.operation }) }));
  return {
    type,
    manifests: said.flatMap(({ way, expression }) =>
      expression === undefined ? [] : manifestsOf(placed, { target, way, expression }),
    ),
    reasons: [...new Set([...said.flatMap(({ why }) => why ?? []), ...unseen(denied, ways)])],
  };
}

/** Of the actions that show in the cluster, those the rule denies. */
function deniedActions({ selector }: PolicyRule, { ways }: ClusterKind): PolicyAction[] {
  const shown = new Set(ways.flatMap(({ actions }) => actions));
  return actionsOf(selector.action).filter(action => shown.has(action));
}

/** Something the rule asks of runtimes that objects of this kind do not bear. */
function hiddenWord({ policy, rule }: Placed, kind: ClusterKind): string | undefined {
  const environment = rule.selector.environment ?? policy.scope_env;
  if (environment !== null && !kind.showsEnvironment) return 'the environment';
  return rule.selector.labels !== undefined && !kind.showsLabels ? 'the labels' : undefined;
}

/** For each operation, the first way all of whose actions are denied. */
function waysOf({ ways }: ClusterKind, denied: readonly PolicyAction[]): Way[] {
  const fitting = ways.filter(({ actions }) => actions.every(action => denied.includes(action)));
  return fitting.filter(
    (way, index) => fitting.findIndex(({ operation }) => operation === way.operation) === index,
  );
}

/** A runtime is new only while it is made. */
function holdsFor({ selector }: PolicyRule, { operation }: Way): boolean {
  return selector.lifecycle === undefined || operation === 'CREATE';
}

/** CEL that is true where the request may pass. */
function passing(
  { rule }: Placed,
  { target, operation }: { target: Target; operation: ClusterOperation },
): { expression?: string; why?: string } {
  if (rule.when === undefined) return { expression: 'false' };
  const said = translateWhen(rule.when, { ...target, operation });
  if ('text' in said) return { expression: `!(${said.text})` };
  const moment = said.unknown.startsWith('desired.') ? ` on ${operation}` : '';
  return { why: `\`when\` asks for ${said.unknown}, which the cluster does not show${moment}` };
}

/** Denied actions that look in the cluster like others that are not denied. */
function unseen(denied: readonly PolicyAction[], ways: readonly Way[]): string[] {
  const seen = new Set(ways.flatMap(({ actions }) => actions));
  const missed = denied.filter(action => !seen.has(action));
  const words = [...missed, ...ways.flatMap(({ misses }) => misses ?? [])];
  return words.length === 0 ? [] : [`the cluster cannot tell ${words.join(', ')} from what is not denied`];
}
