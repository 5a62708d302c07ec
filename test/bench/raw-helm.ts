import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { slotNamespace, slotObjects } from '../../activities/slot-objects.ts';
import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { ReleaseTarget } from '../../domain/deployment.ts';
import { newId } from '../../domain/ids.ts';
import { type ChartValuesInput, chartValues } from '../../domain/rules/chart-values.ts';
import type { SlotQuota } from '../../domain/tenant.ts';
import { repositoryRoot } from '../../lab/root.ts';
import { sampleAgent, type Version } from './agent.ts';

interface RawHelmOptions {
  readonly binary: string;
  readonly kubeconfig: string;
  readonly context: string;
  /** Values files and Helm's own home. */
  readonly folder: string;
  readonly governance: ChartValuesInput['governance'];
  readonly tenantId: string;
  readonly signal: AbortSignal;
}

/** What we stand beside: `helm upgrade --install --wait` with Helm's defaults, the same chart and the same values. */
export class RawHelm {
  readonly #options: RawHelmOptions;
  readonly #namespace: string;
  readonly #runtimeIds = new Map<string, string>();
  readonly flags = 'helm upgrade --install NAME helm/agent-runtime -n NAMESPACE -f VALUES --wait';

  constructor(options: RawHelmOptions) {
    this.#options = options;
    this.#namespace = `rtai-${options.tenantId}--raw-helm`;
    mkdirSync(options.folder, { recursive: true });
  }

  /** A namespace like the one our own deploys get. */
  async makeNamespace(kubernetes: KubernetesClient, quota: SlotQuota): Promise<void> {
    const target = this.#target('none');
    for (const object of [slotNamespace(target, 'restricted'), ...slotObjects(target, quota)])
      await kubernetes.apply(object, { force: true });
  }

  /** Id in the labels of the release's objects. */
  runtimeIdOf(release: string): string {
    const id = this.#runtimeIds.get(release) ?? newId('runtime');
    this.#runtimeIds.set(release, id);
    return id;
  }

  /** Installs or upgrades and waits as Helm waits; answers how many milliseconds that took. */
  async upgradeInstall(release: string, version: Version): Promise<number> {
    const values = this.#writeValues(release, version);
    const chart = join(repositoryRoot(), 'helm', 'agent-runtime');
    const argv = ['upgrade', '--install', release, chart, '-n', this.#namespace, '-f', values, '--wait'];
    const startedAt = performance.now();
    await this.run(argv);
    return performance.now() - startedAt;
  }

  /** Runs Helm and answers what it wrote. */
  async run(argv: readonly string[]): Promise<string> {
    const { binary, kubeconfig, context, folder, signal } = this.#options;
    const env = {
      PATH: process.env['PATH'],
      HOME: folder,
      KUBECONFIG: kubeconfig,
      HELM_KUBECONTEXT: context,
    };
    const child = spawn(binary, [...argv], { env, signal, stdio: ['ignore', 'pipe', 'pipe'] });
    const output: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => output.push(chunk));
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', code => {
        const text = Buffer.concat(output).toString();
        if (code === 0) resolve(text.trim());
        else reject(new Error(`helm ${argv.join(' ')} ended with ${code}:\n${text}`));
      });
    });
  }

  #writeValues(release: string, version: Version): string {
    const path = join(this.#options.folder, `${release}-${version}.yaml`);
    const { governance } = this.#options;
    const operationId = newId('operation');
    const agent = sampleAgent(version);
    writeFileSync(
      path,
      stringify(chartValues({ target: this.#target(release), operationId, agent, governance })),
    );
    return path;
  }

  #target(release: string): ReleaseTarget {
    return {
      runtimeId: this.runtimeIdOf(release),
      runtimeName: release,
      tenantId: this.#options.tenantId,
      project: 'raw-helm',
      environment: 'development',
      namespace: this.#namespace,
      release,
    };
  }
}
