import { AdapterFailure } from './failure.ts';

/** Throws for a kind that is one machine when another number of them is asked for; `what` is e.g. `A sandbox`. */
export function refuseReplicas(what: string, replicas: number): void {
  if (replicas === 1) return;
  throw new AdapterFailure('values_refused', `${what} is one machine; ${replicas} replicas were asked for.`, {
    nextStep:
      'Leave `resources.replicas` out and scale by `size`, `cpu` or `memory`; stop it to have none, create more runtimes to have several.',
  });
}

/** Where an image comes from that a spec leaves out. */
interface ImageSource {
  /** e.g. `sandboxes`. */
  readonly kind: string;
  /** e.g. `sandbox.image`. */
  readonly field: string;
  readonly setting: string;
}

/** The failure of a spec without an image where the installation has none either. */
export function imageRequired({ kind, field, setting }: ImageSource): AdapterFailure {
  return new AdapterFailure(
    'image_required',
    `The spec names no image, and no image for ${kind} is configured.`,
    { nextStep: `Name one in \`${field}\`, or set ${setting}.` },
  );
}
