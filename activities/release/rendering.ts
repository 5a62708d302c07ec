import { createHash } from 'node:crypto';
import { type Chart, readChart } from '../../clients/helm/chart.ts';
import { parseRendered, type RenderedObject, renderedDigest } from '../../clients/helm/manifests.ts';
import { estimateRevisionBytes, MAX_REVISION_BYTES } from '../../clients/helm/release-size.ts';
import { chartValues } from '../../domain/rules/chart-values.ts';
import type { Beat } from '../beating.ts';
import { failure } from '../failures.ts';
import type { ReleaseDeps, ReleaseInput } from '../helm.ts';
import { nameOf, releaseOf } from './operation.ts';

/** Everything a render depends on: the same prepared input renders the same manifests. */
export interface Prepared {
  readonly values: ReturnType<typeof chartValues>;
  readonly chart: Chart;
  /** Texts of the request that no error may repeat. */
  readonly masked: readonly string[];
  /** Over chart, values and the name of the release. */
  readonly inputDigest: string;
}

export interface Rendering {
  readonly objects: readonly RenderedObject[];
  /** What the release will hold; compared with what Helm stored. */
  readonly manifestDigest: string;
  /** What was planned, and what an approval refers to: manifests, hooks, values and chart. */
  readonly planDigest: string;
}

/** Turns the request into the values of the chart; refused while a governed endpoint is not configured. */
export async function prepare(deps: ReleaseDeps, input: ReleaseInput): Promise<Prepared> {
  const { target, operationId, agent } = input;
  const { governance, scheduling, registry } = deps;
  if (governance === undefined) {
    throw failure(
      'governance_settings_missing',
      `${nameOf(target)} is not deployed: the governed endpoints are not all configured.`,
      {
        nextStep: 'Set all five endpoint variables named in docs/configuration.md, then deploy again.',
      },
    );
  }
  const values = chartValues({
    target,
    operationId,
    agent,
    governance,
    registry,
    ...(scheduling && { scheduling }),
  });
  const chart = await readChart(deps.chart);
  const masked = (values.env ?? []).map(variable => variable.value);
  const inputDigest = digestOf([chart.digest, JSON.stringify(values), target.namespace, target.release]);
  return { values, chart, masked, inputDigest };
}

/** Renders without the cluster. */
export async function render(
  deps: ReleaseDeps,
  input: ReleaseInput,
  prepared: Prepared,
  beat: Beat,
): Promise<Rendering> {
  const { values, masked } = prepared;
  // Not `beat` itself: the pid in the heartbeat is that of the Helm that changes something.
  const text = await deps.helm.template(
    { ...releaseOf(input.target), chart: deps.chart, values, masked },
    { signal: beat.signal },
  );
  refuseTooLarge(input, prepared, text);
  const objects = parseRendered(text, input.target.namespace);
  const planDigest = digestOf([prepared.inputDigest, ...objects.map(object => object.text)]);
  return { objects, manifestDigest: renderedDigest(objects), planDigest };
}

// Before it is parsed: a megabyte of YAML blocks the process, and its heartbeats, for seconds.
function refuseTooLarge(input: ReleaseInput, prepared: Prepared, rendered: string): void {
  const bytes = estimateRevisionBytes({
    chartFiles: prepared.chart.files,
    rendered,
    values: prepared.values,
  });
  if (bytes <= MAX_REVISION_BYTES) return;
  throw failure(
    'release_too_large',
    `${nameOf(input.target)} is not deployed, nothing was changed: one revision would take about ${bytes} bytes, and Helm keeps it in a Secret of at most 1 MiB.`,
    { nextStep: 'Make the chart or its values smaller, then deploy again.' },
  );
}

/**
 * What plans of this process rendered, so that the apply need not render a third time (Helm itself does once more).
 * A worker that did not plan renders again.
 */
export class RenderedPlans {
  readonly #plans = new Map<string, { readonly inputDigest: string; readonly manifestDigest: string }>();

  remember(prepared: Prepared, rendering: Rendering): void {
    const oldest = this.#plans.keys().next();
    if (this.#plans.size >= MAX_PLANS && !oldest.done) this.#plans.delete(oldest.value);
    this.#plans.set(rendering.planDigest, {
      inputDigest: prepared.inputDigest,
      manifestDigest: rendering.manifestDigest,
    });
  }

  /** Digest of the manifest the plan promised, if it is known and chart and values are still the planned ones. */
  manifestDigest(planDigest: string, prepared: Prepared): string | undefined {
    const plan = this.#plans.get(planDigest);
    return plan?.inputDigest === prepared.inputDigest ? plan.manifestDigest : undefined;
  }
}

const MAX_PLANS = 500;

function digestOf(parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return `sha256:${hash.digest('hex')}`;
}
