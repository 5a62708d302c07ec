import type { RequestGate } from '../fakes/request-gate.ts';
import { type System, type SystemOptions, startSystem } from './system.ts';
import { gatedWay } from './ways-to-the-cluster.ts';

/** A system whose requests to the cluster can be held one by one. */
export interface GatedSystem extends System {
  readonly gate: RequestGate;
}

/** Starts a system behind a gate of its own. */
export async function startGatedSystem(options: SystemOptions = {}): Promise<GatedSystem> {
  const way = await gatedWay();
  try {
    const system = await startSystem({ ...options, kubeconfig: way.kubeconfig });
    const stop = async () => {
      await system.stop();
      await way.close();
    };
    return { ...system, gate: way.control, stop };
  } catch (error) {
    await way.close();
    throw error;
  }
}
