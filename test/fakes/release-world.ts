import type { ReleaseDeps } from '../../activities/helm.ts';
import type { Helm } from '../../clients/helm/cli.ts';
import { documentsOf, manifestDigest } from '../../clients/helm/manifests.ts';
import type { Release, ReleaseStatus, ReleaseStorage } from '../../clients/helm/storage.ts';

const MANIFEST = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: support-agent';

/** What the fake Helm does instead of its work: returning is exit code 0, throwing anything else. */
export type Misbehaviour = (world: FakeReleaseWorld) => Promise<void> | void;

/** One release, its storage and a Helm that works on it, all in memory; Helm misbehaves when told to. */
export class FakeReleaseWorld {
  history: Release[] = [];
  readonly calls: string[] = [];
  readonly log: string[] = [];
  /** What the chart renders to. */
  manifest = MANIFEST;
  private readonly orders: Misbehaviour[] = [];

  /** The next call of Helm that changes something does this instead. */
  next(misbehaviour: Misbehaviour): this {
    this.orders.push(misbehaviour);
    return this;
  }

  /** Adds a revision; whatever was deployed before is superseded when the new one is deployed. */
  add(status: ReleaseStatus, changes: Partial<Release> = {}): Release {
    if (status === 'deployed') {
      this.history = this.history.map(release =>
        release.status === 'deployed' ? { ...release, status: 'superseded' } : release,
      );
    }
    const revision = (this.history.at(-1)?.revision ?? 0) + 1;
    const manifest = changes.manifest ?? this.manifest;
    const release: Release = {
      release: 'support-agent',
      namespace: 'rtai-acme--default',
      revision,
      status,
      labels: {},
      description: status === 'deployed' ? 'Upgrade complete' : 'Preparing upgrade',
      manifest,
      manifestDigest: manifestDigest(documentsOf(manifest)),
      chart: { name: 'agent-runtime', version: '0.1.0' },
      modifiedAt: new Date(),
      secret: { name: `sh.helm.release.v1.support-agent.v${revision}`, resourceVersion: '1' },
      ...changes,
    };
    this.history = [...this.history, release];
    return release;
  }

  /** The revisions in short, oldest first. */
  revisions(): string[] {
    return this.history.map(release => `${release.revision} ${release.status}`);
  }

  deps(changes: Partial<ReleaseDeps> = {}): ReleaseDeps {
    const url = 'http://governance.test';
    return {
      helm: this.helm(),
      storage: this.storage(),
      slots: { ensureSlot: async () => undefined },
      diff: async () => [],
      chart: new URL('../helm/charts/agent', import.meta.url).pathname,
      governance: {
        llmApiBaseUrl: url,
        guardrailsApiUrl: url,
        sandboxApiUrl: url,
        dataAccessApiUrl: url,
        otelExporterOtlpEndpoint: url,
      },
      storePlan: async () => undefined,
      log: {
        info: (_, message) => void this.log.push(message),
        warn: (_, message) => void this.log.push(message),
      },
      ...changes,
    };
  }

  private helm(): Helm {
    return {
      longestCallSeconds: 2,
      template: async () => `---\n# Source: agent/templates/objects.yaml\n${this.manifest}\n`,
      upgradeInstall: ({ labels }) => this.perform('upgrade', () => void this.add('deployed', { labels })),
      rollback: ({ toRevision }) =>
        this.perform('rollback', () => {
          const wanted = this.history.find(release => release.revision === toRevision);
          const { labels = {}, manifest = '' } = wanted ?? {};
          this.add('deployed', {
            labels,
            manifest,
            manifestDigest: manifestDigest(documentsOf(manifest)),
            description: `Rollback to ${toRevision}`,
          });
        }),
      uninstall: () =>
        this.perform('uninstall', () => {
          this.history = [];
        }),
      close: async () => undefined,
    };
  }

  private storage(): ReleaseStorage {
    return {
      history: async () => this.history,
      markFailed: async (release, description) => {
        this.history = this.history.map(each =>
          each.revision === release.revision ? { ...each, status: 'failed', description } : each,
        );
      },
    };
  }

  private async perform(verb: string, usually: () => void): Promise<void> {
    this.calls.push(verb);
    const order = this.orders.shift();
    if (order === undefined) usually();
    else await order(this);
  }
}
