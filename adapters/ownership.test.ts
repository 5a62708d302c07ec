import { describe, expect, it } from 'vitest';
import { sandboxStep } from '../test/builders/sandbox-step.ts';
import { createBareCluster } from '../test/fakes/bare-cluster.ts';
import { labelsOf, listOwn, refuseForeign } from './ownership.ts';

const { target } = sandboxStep({});

function labelled(labels: Record<string, string>) {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'box', namespace: 'ns', labels },
  };
}

describe('the labels of a runtime', () => {
  it('are the user’s own, those of compliance, and ours, of which the later win', () => {
    const more = { team: 'blue', 'runtimeai.dev/runtime': 'rt_other' };
    expect(labelsOf(target)).toMatchObject({ team: 'red' });
    expect(labelsOf(target, more)).toMatchObject({ team: 'blue', 'runtimeai.dev/runtime': 'rt_1' });
  });
});

describe('an object under the name of a runtime', () => {
  it('is let alone when it is another’s or nobody’s', () => {
    expect(() => refuseForeign(labelled({}), target)).toThrow(/ConfigMap ns\/box was not made by RuntimeAI/);
    expect(() => refuseForeign(labelled({ 'runtimeai.dev/runtime': 'rt_2' }), target)).toThrow(
      expect.objectContaining({ code: 'changed_outside' }),
    );
  });

  it('is its own with its label, and no harm when it is not there', () => {
    expect(() => refuseForeign(labelled({ 'runtimeai.dev/runtime': 'rt_1' }), target)).not.toThrow();
    expect(() => refuseForeign(undefined, target)).not.toThrow();
  });
});

describe('the objects of a runtime', () => {
  it('are none of a kind the cluster does not know', async () => {
    const kind = { apiVersion: 'agents.x-k8s.io/v1beta1', kind: 'Sandbox' };
    expect(await listOwn(createBareCluster(), kind, target)).toEqual([]);
  });
});
