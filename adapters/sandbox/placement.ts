import type { RuntimeSpec } from '../../domain/runtime.ts';
import { AdapterFailure } from '../failure.ts';
import type { Placement, SandboxSettings } from './settings.ts';

/** Node label by which the GPU operator tells the model. */
export const GPU_MODEL_LABEL = 'nvidia.com/gpu.product';

/** Where a sandbox may run: as the installation says, with what its GPU and every compliance word add. */
export function placementOf(spec: RuntimeSpec, settings: SandboxSettings): Placement {
  const gpu = gpuOf(spec);
  const own = settings.scheduling ? [settings.scheduling] : [];
  const all = [...own, ...(spec.security?.compliance ?? []).map(word => placementFor(word, settings))];
  return {
    nodeSelector: Object.assign(
      {},
      ...all.map(({ nodeSelector }) => nodeSelector),
      gpu ? { [GPU_MODEL_LABEL]: gpu.model } : {},
    ),
    tolerations: all.flatMap(({ tolerations }) => tolerations),
  };
}

/** "2xA10" as a number and a model. */
export function gpuOf({ resources }: RuntimeSpec): { count: number; model: string } | undefined {
  const [, count, model] = /^(\d+)x(.+)$/.exec(resources?.gpu ?? '') ?? [];
  return count && model ? { count: Number(count), model } : undefined;
}

function placementFor(word: string, { compliance = {} }: SandboxSettings): Placement {
  const placement = Object.hasOwn(compliance, word) ? compliance[word] : undefined;
  if (placement) return placement;
  const known = Object.keys(compliance).join(', ') || 'none';
  throw new AdapterFailure(
    'compliance_unavailable',
    `Nothing is known of the compliance \`${word}\`; known: ${known}.`,
    { nextStep: 'Leave the word out, or name the nodes that fulfil it in RUNTIMEAI_COMPLIANCE.' },
  );
}
