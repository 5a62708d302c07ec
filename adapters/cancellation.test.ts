import { describe, expect, it } from 'vitest';
import type { KubernetesClient } from '../clients/kubernetes/requests.ts';
import { sandboxStep } from '../test/builders/sandbox-step.ts';
import { createBareCluster } from '../test/fakes/bare-cluster.ts';
import { cancellableVerbs } from './cancellation.ts';

const reference = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'ns', name: 'one' };

function remembering(): { kubernetes: KubernetesClient; deleted: string[] } {
  const deleted: string[] = [];
  const kubernetes = {
    ...createBareCluster(),
    delete: async ({ name }: { readonly name: string }) => {
      deleted.push(name);
    },
  };
  return { kubernetes, deleted };
}

describe('a verb of a cancelled operation', () => {
  it('does not begin', async () => {
    const { kubernetes, deleted } = remembering();
    const verb = cancellableVerbs({ kubernetes })(async tools => {
      await tools.kubernetes.delete(reference);
      return { awaiting: {} };
    });
    const cancelled = AbortSignal.abort(new Error('cancelled'));
    await expect(verb(sandboxStep({}), { base: {}, signal: cancelled })).rejects.toThrow('cancelled');
    expect(deleted).toEqual([]);
  });

  it('stops at its next change when it is cancelled under way', async () => {
    const { kubernetes, deleted } = remembering();
    const cancelling = new AbortController();
    const verb = cancellableVerbs({ kubernetes })(async tools => {
      await tools.kubernetes.delete(reference);
      cancelling.abort(new Error('cancelled'));
      await tools.kubernetes.delete({ ...reference, name: 'two' });
      return { awaiting: {} };
    });
    const call = { base: {}, signal: cancelling.signal };
    await expect(verb(sandboxStep({}), call)).rejects.toThrow('cancelled');
    expect(deleted).toEqual(['one']);
  });
});
