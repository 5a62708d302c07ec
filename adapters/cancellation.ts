import type { KubernetesClient } from '../clients/kubernetes/requests.ts';
import type { Begun, Step } from '../domain/change.ts';
import type { Call } from './adapter.ts';

type Verb = (step: Step, call: Call) => Promise<Begun>;

/**
 * Makes the verbs of an adapter from functions over its tools. Once its operation is cancelled a verb begins nothing,
 * and one that is under way changes nothing more: it throws at its next change.
 */
export function cancellableVerbs<T extends { readonly kubernetes: KubernetesClient }>(
  tools: T,
): (work: (tools: T, step: Step, call: Call) => Promise<Begun>) => Verb {
  return work => async (step, call) => {
    const { signal } = call;
    signal.throwIfAborted();
    return work({ ...tools, kubernetes: untilAborted(tools.kubernetes, signal) }, step, call);
  };
}

/** The same client, which changes nothing more once the signal has ended. */
function untilAborted(kubernetes: KubernetesClient, signal: AbortSignal): KubernetesClient {
  const { create, apply, patch, delete: remove } = kubernetes;
  return {
    ...kubernetes,
    create: (...call) => unlessAborted(signal, () => create(...call)),
    apply: (...call) => unlessAborted(signal, () => apply(...call)),
    patch: (...call) => unlessAborted(signal, () => patch(...call)),
    delete: (...call) => unlessAborted(signal, () => remove(...call)),
  };
}

/** A dry run stops too: what it would be for will not happen. */
async function unlessAborted<T>(signal: AbortSignal, change: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  return change();
}
