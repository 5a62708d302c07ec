import { asyncLocalStorage } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { AdapterFailure } from '../../adapters/failure.ts';
import type { Releases } from '../../adapters/releases.ts';
import type { Release } from '../../clients/helm/storage.ts';
import { KubernetesError } from '../../clients/kubernetes/errors.ts';
import { fieldsOf, textOf } from '../../clients/kubernetes/objects.ts';
import { isErrorCode } from '../../domain/rules/error-code.ts';
import { type Beat, beating } from '../beating.ts';
import { translating } from '../failures.ts';
import { installOrder } from './install.ts';
import { hasMark, newestBeforeWayBack } from './judge.ts';
import { releaseOf } from './operation.ts';
import { planOrder } from './plan.ts';
import { RenderedPlans } from './rendering.ts';
import { changedOutside, reportOf } from './report.ts';
import { rollBack } from './rollback.ts';
import type { ReleaseTools } from './tools.ts';
import { uninstall } from './uninstall.ts';

/** Helm releases for the adapters, on the same machinery as the deploys of agents. */
export function createReleases(tools: ReleaseTools): Releases {
  const plans = new RenderedPlans();
  return {
    plan: ({ knownRevision, ...order }) =>
      inWords(undefined, async beat => {
        const { plan, history, outside } = await planOrder(tools, order, { plans, beat, knownRevision });
        if (outside !== undefined) throw changedOutside(order, outside);
        const { digest, summary, changes } = plan;
        return { digest, summary, changes, baseRevision: baseOf(history, order.mark, knownRevision) };
      }),
    install: (order, signal) => inWords(signal, beat => installOrder(tools, order, { plans, beat })),
    rollback: (order, signal) =>
      inWords(signal, async beat => {
        const history = await tools.storage.history(releaseOf(order.target));
        const aboveRevision = newestBeforeWayBack(history, order);
        return aboveRevision === undefined
          ? undefined
          : rollBack(tools, { ...order, aboveRevision }, { beat });
      }),
    uninstall: ({ onlyOwn = false, ...step }, signal) =>
      inWords(signal, beat => uninstall(tools, { ...step, onlyOwn }, beat)),
    read: target =>
      inWords(undefined, async () => {
        const newest = (await tools.storage.history(releaseOf(target))).at(-1);
        return newest === undefined ? undefined : reportOf(newest);
      }),
  };
}

/** The newest revision that is not this step's own work, so that a repeated plan has the base of the first. */
function baseOf(history: readonly Release[], mark: string, knownRevision: number): number {
  const others = history.filter(release => release.revision <= knownRevision || !hasMark(release, mark));
  return others.at(-1)?.revision ?? 0;
}

/** Runs with the heartbeat of the activity where there is one, and says in an adapter's words what went wrong. */
async function inWords<T>(signal: AbortSignal | undefined, work: (beat: Beat) => Promise<T>): Promise<T> {
  let passed: KubernetesError | undefined;
  try {
    return await withBeat(signal, beat =>
      translating(() =>
        work(beat).catch((error: unknown) => {
          if (error instanceof KubernetesError) passed = error;
          throw error;
        }),
      ),
    );
  } catch (error) {
    throw passed ?? asAdapterFailure(error);
  }
}

function withBeat<T>(signal: AbortSignal | undefined, work: (beat: Beat) => Promise<T>): Promise<T> {
  if (asyncLocalStorage.getStore() === undefined) return work(outsideOfActivities(signal));
  return beating(beat =>
    work(signal === undefined ? beat : { ...beat, signal: AbortSignal.any([beat.signal, signal]) }),
  );
}

/** An adapter may also be driven by a program of its own, e.g. its conformance suite. */
function outsideOfActivities(signal = new AbortController().signal): Beat {
  return {
    attempt: 1,
    signal,
    onStart: () => undefined,
    orphan: undefined,
    sleep: milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds)),
  };
}

function asAdapterFailure(error: unknown): unknown {
  if (!(error instanceof ApplicationFailure)) return error;
  const { type, message, nonRetryable } = error;
  if (typeof type !== 'string' || !isErrorCode(type)) return error;
  const nextStep = textOf(fieldsOf(error.details?.[0])['nextStep']);
  const said = message.endsWith(nextStep) ? message.slice(0, message.length - nextStep.length) : message;
  return new AdapterFailure(type, said.trimEnd(), { nextStep, retryable: nonRetryable !== true });
}
