import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  V1Container,
  V1Deployment,
  V1NetworkPolicy,
  V1PodDisruptionBudget,
  V1Service,
  V1ServiceAccount,
  V2HorizontalPodAutoscaler,
} from '@kubernetes/client-node';
import { parse, parseAllDocuments } from 'yaml';
import type { AgentRuntimeValuesInput } from '../../domain/chart-values.ts';
import { helmBinary } from './helm-binary.ts';

interface Kinds {
  Deployment: V1Deployment;
  Service: V1Service;
  ServiceAccount: V1ServiceAccount;
  NetworkPolicy: V1NetworkPolicy;
  HorizontalPodAutoscaler: V2HorizontalPodAutoscaler;
  PodDisruptionBudget: V1PodDisruptionBudget;
}

export type Kind = keyof Kinds;

/** A manifest whose fields are read without asking for each whether it is there; a test fails on the one that is not. */
export type Present<Value> = Value extends Date
  ? Value
  : Value extends (infer Item)[]
    ? Present<Item>[]
    : Value extends object
      ? { [Key in keyof Value]-?: Present<Value[Key]> }
      : Value;

export type Manifest = Present<Kinds[Kind]>;

/** What helm answered: manifests of a good render, the message of a refused one. */
export interface Render {
  readonly text: string;
  readonly refusal: string;
  readonly manifests: Manifest[];
}

export const CHART = new URL('../../helm/agent-runtime/', import.meta.url).pathname;
export const EXAMPLES = ['minimal', 'full', 'open-egress', 'stopped'] as const;
export type Example = (typeof EXAMPLES)[number];

let binary: string | undefined;

/** Reads one of the chart's example value files. */
export function example(name: Example): AgentRuntimeValuesInput {
  return parse(readFileSync(join(CHART, 'examples', `${name}.yaml`), 'utf8'));
}

/** Renders the chart with these values, as release `support-agent` in namespace `acme--default` unless said otherwise. */
export function render(values: unknown, options: { release?: string; skipSchema?: boolean } = {}): Render {
  const answer = helm(
    [
      'template',
      options.release ?? 'support-agent',
      CHART,
      '--namespace',
      'acme--default',
      '--values',
      '-',
    ].concat(options.skipSchema ? ['--skip-schema-validation'] : []),
    JSON.stringify(values),
  );
  const manifests = parseAllDocuments(answer.stdout).map(document => {
    if (document.errors.length > 0) throw document.errors[0];
    return document.toJS();
  });
  return {
    text: answer.stdout,
    refusal: answer.stderr,
    manifests: manifests.filter(manifest => manifest !== null),
  };
}

/** Renders values that are meant to be good, and throws with helm's own words when they are not. */
export function rendered(values: unknown, options: { release?: string; skipSchema?: boolean } = {}): Render {
  const answer = render(values, options);
  if (answer.manifests.length === 0) throw new Error(`helm template rendered nothing: ${answer.refusal}`);
  return answer;
}

/** The one manifest of a kind. */
export function only<K extends Kind>(render: Render, kind: K): Present<Kinds[K]> {
  const [found, ...more] = render.manifests.filter(manifest => manifest.kind === kind);
  if (found === undefined || more.length > 0) {
    throw new Error(
      `not one ${kind} was rendered but ${render.manifests.map(manifest => manifest.kind).join(', ')}`,
    );
  }
  return found as Present<Kinds[K]>;
}

/** Whether anything of this kind was rendered. */
export function has(render: Render, kind: Kind): boolean {
  return render.manifests.some(manifest => manifest.kind === kind);
}

/** The one container of the Deployment's pods. */
export function agentContainer(render: Render): Present<V1Container> {
  const [container, ...more] = only(render, 'Deployment').spec.template.spec.containers;
  if (container === undefined || more.length > 0)
    throw new Error('the pods do not have exactly one container');
  return container;
}

/** Runs helm with a private home, so that nothing of the machine's own configuration plays a part. */
export function helm(args: string[], input = ''): { status: number | null; stdout: string; stderr: string } {
  binary ??= helmBinary();
  const home = join(tmpdir(), 'runtimeai-chart-test');
  const answer = spawnSync(binary, args, {
    input,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    env: { HOME: home, HELM_CACHE_HOME: home, HELM_CONFIG_HOME: home, HELM_DATA_HOME: home },
  });
  if (answer.error)
    throw new Error(`${binary} ${args[0]} did not start: ${answer.error.message}`, { cause: answer.error });
  return answer;
}
