import { setTimeout as delay } from 'node:timers/promises';
import { ask } from '../../clients/kubernetes/requests.ts';
import type { RuntimeStatus } from '../../domain/health.ts';
import { RUNTIME_LABEL } from '../../domain/rules/labels.ts';
import type { World } from './world.ts';

interface Pod {
  readonly runtimeId: string;
  readonly path: string;
}

const LONGEST_MS = 30_000;

/** Makes pods of simulated nodes unready and ready again, and measures when the API says so. */
export class PodChanges {
  readonly #world: World;
  readonly #pods: readonly Pod[];

  private constructor(world: World, pods: readonly Pod[]) {
    this.#world = world;
    this.#pods = pods;
  }

  /** One pod of each runtime. */
  static async of(world: World, runtimeIds: readonly string[]): Promise<PodChanges> {
    const found = await world.kubernetes.list({
      apiVersion: 'v1',
      kind: 'Pod',
      labelSelector: `${RUNTIME_LABEL} in (${runtimeIds.join(',')})`,
    });
    const pods = new Map<string, Pod>();
    for (const { metadata } of found) {
      const runtimeId = metadata.labels?.[RUNTIME_LABEL] ?? '';
      const path = `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}/status`;
      pods.set(runtimeId, { runtimeId, path });
    }
    if (pods.size === 0) throw new Error('None of the runtimes has a pod to change.');
    return new PodChanges(world, [...pods.values()]);
  }

  /** Changes one after the other for so long; answers the milliseconds from each change to the answer that has it. */
  async during(seconds: number): Promise<readonly number[]> {
    const until = performance.now() + seconds * 1000;
    const measured: number[] = [];
    for (let index = 0; performance.now() < until; index += 1) {
      const pod = this.#pods[index % this.#pods.length];
      if (pod === undefined) break;
      measured.push(await this.#change(pod, false), await this.#change(pod, true));
    }
    return measured;
  }

  async #change(pod: Pod, ready: boolean): Promise<number> {
    const before = await this.#readyPods(pod);
    const changedAt = performance.now();
    const status = { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] };
    await ask(this.#world.kubernetes.connection, `Changing ${pod.path}`, {
      method: 'PATCH',
      path: pod.path,
      contentType: 'application/strategic-merge-patch+json',
      body: JSON.stringify({ status }),
    });
    while ((await this.#readyPods(pod)) === before) {
      if (performance.now() - changedAt > LONGEST_MS)
        throw new Error(
          `${pod.runtimeId} still has ${before} ready pods ${LONGEST_MS / 1000} s after a change.`,
        );
      await delay(5);
    }
    return performance.now() - changedAt;
  }

  async #readyPods({ runtimeId }: Pod): Promise<unknown> {
    const { signals } = await this.#world.client.get<RuntimeStatus>(`/runtimes/${runtimeId}/status`);
    return signals['ready_pods']?.value;
  }
}
