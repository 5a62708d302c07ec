import type { Helm } from '../../clients/helm/cli.ts';
import type { ReleaseStorage } from '../../clients/helm/storage.ts';
import type { KubernetesObject } from '../../clients/kubernetes/objects.ts';
import type { Plan } from '../../domain/deployment.ts';

/** What every change of a release needs of the world, whatever its chart. */
export interface ReleaseTools {
  readonly helm: Helm;
  readonly storage: ReleaseStorage;
  /** Compares by server-side dry run what is there with what shall be. */
  readonly diff: (input: {
    readonly previous: readonly KubernetesObject[];
    readonly next: readonly KubernetesObject[];
  }) => Promise<readonly Plan['changes'][number][]>;
  readonly log: ReleaseLog;
}

/** State changes are logged with operation, tenant and runtime. */
export interface ReleaseLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}
