import { createHash } from 'node:crypto';
import type { ReleaseOrder } from '../../adapters/releases.ts';
import { type Chart, readChart } from '../../clients/helm/chart.ts';
import type { ChartInput } from '../../clients/helm/cli.ts';
import { parseRendered, type RenderedObject, renderedDigest } from '../../clients/helm/manifests.ts';
import { estimateRevisionBytes, MAX_REVISION_BYTES } from '../../clients/helm/release-size.ts';
import type { Beat } from '../beating.ts';
import { failure } from '../failures.ts';
import { nameOf, releaseOf } from './operation.ts';
import type { ReleaseTools } from './tools.ts';

/** Everything a render depends on: the same prepared order renders the same manifests. */
export interface Prepared {
  readonly order: ReleaseOrder;
  readonly chart: Chart;
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

/** Reads the order's chart and pins what the render depends on. */
export async function prepare(order: ReleaseOrder): Promise<Prepared> {
  const { target, values } = order;
  const chart = await readChart(order.chart);
  const inputDigest = digestOf([chart.digest, JSON.stringify(values), target.namespace, target.release]);
  return { order, chart, inputDigest };
}

/** The order as Helm takes it. */
export function chartInputOf(order: ReleaseOrder): ChartInput {
  const { target, chart, values, masked = [] } = order;
  return { ...releaseOf(target), chart, values, masked };
}

/** Renders without the cluster. */
export async function render(
  tools: Pick<ReleaseTools, 'helm'>,
  prepared: Prepared,
  beat: Beat,
): Promise<Rendering> {
  // Not `beat` itself: the pid in the heartbeat is that of the Helm that changes something.
  const text = await tools.helm.template(chartInputOf(prepared.order), { signal: beat.signal });
  refuseTooLarge(prepared, text);
  const objects = parseRendered(text, prepared.order.target.namespace);
  const planDigest = digestOf([prepared.inputDigest, ...objects.map(object => object.text)]);
  return { objects, manifestDigest: renderedDigest(objects), planDigest };
}

// Before it is parsed: a megabyte of YAML blocks the process, and its heartbeats, for seconds.
function refuseTooLarge({ order, chart }: Prepared, rendered: string): void {
  const bytes = estimateRevisionBytes({
    chartFiles: chart.files,
    rendered,
    values: order.values,
  });
  if (bytes <= MAX_REVISION_BYTES) return;
  throw failure(
    'release_too_large',
    `${nameOf(order.target)} is not deployed, nothing was changed: one revision would take about ${bytes} bytes, and Helm keeps it in a Secret of at most 1 MiB.`,
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
