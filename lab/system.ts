import { join, resolve } from 'node:path';
import { ensureDevIssuerKey } from '../process/dev-issuer.ts';
import { findBinaries } from './binaries.ts';
import type { NodeChoice } from './cluster.ts';
import { type KindTrouble, startKinds } from './extras/kinds.ts';
import { kindSettings } from './kind-settings.ts';
import { type Lab, startLab } from './lab.ts';
import type { Report } from './progress.ts';
import { prepareSample, type SampleKeys } from './sample.ts';
import { writePrivately } from './secrets.ts';
import { type ServiceSettings, type Services, startServices } from './services.ts';

/** Which system to bring up. */
export interface SystemOptions {
  readonly dataDir: string;
  readonly nodes: NodeChoice;
  readonly fresh: boolean;
  /** A cluster of the user's own instead of the lab's; no other is touched then. */
  readonly ownCluster?: { readonly kubeconfig: string; readonly context: string };
  readonly more?: Readonly<Record<string, string>>;
  readonly report: Report;
  readonly signal: AbortSignal;
}

/** RuntimeAI with everything it runs on. */
export interface System {
  readonly services: Services;
  readonly keys: SampleKeys;
  readonly temporalUiUrl: string;
  readonly kubeconfig: { readonly path: string; readonly context: string };
  /** The file with the address of the database as the owner of its tables, for `npm run admin`. */
  readonly databaseOwnerFile: string;
  /** The key of the issuer that is built in for development, for `npm run admin -- token`. */
  readonly devIssuerKeyFile: string;
  readonly settings: ServiceSettings;
  /** Whether agents' containers really run. */
  readonly realNode: boolean;
  /** Which nodes there are, and how to get the other kind. */
  readonly nodesInWords: string;
  /** Installs what kinds of runtime need, on the lab's own cluster only; await it before stopping. */
  startKinds?(): Promise<readonly KindTrouble[]>;
  stop(): Promise<void>;
}

/** Starts the lab's parts, prepares database and sample tenant, and starts RuntimeAI on them. */
export async function startSystem(options: SystemOptions): Promise<System> {
  const lab = options.ownCluster ? await labBeside(options, options.ownCluster) : await startLab(options);
  try {
    const keys = await prepareSample(lab.context, lab.postgres);
    const devIssuerKeyFile = join(lab.context.dataDir, 'development-issuer.pem');
    ensureDevIssuerKey(devIssuerKeyFile);
    const settings: ServiceSettings = {
      databaseUrl: lab.postgres.appUrl,
      temporal: lab.temporal,
      cluster: lab.cluster,
      ...(options.ownCluster ? {} : { kinds: kindSettings(lab.context) }),
      more: { RUNTIMEAI_DEV_ISSUER_KEY_FILE: devIssuerKeyFile, ...options.more },
    };
    const databaseOwnerFile = join(lab.context.dataDir, 'database-owner-url');
    writePrivately(databaseOwnerFile, lab.postgres.ownerUrl);
    const services = await startServices(lab.context, settings);
    return {
      services,
      keys,
      settings,
      temporalUiUrl: lab.temporal.uiUrl,
      kubeconfig: { path: lab.cluster.kubeconfigPath, context: lab.cluster.contextName },
      databaseOwnerFile,
      devIssuerKeyFile,
      realNode: lab.cluster.nodeKinds.includes('real'),
      nodesInWords: nodesInWords(lab, options),
      ...(options.ownCluster ? {} : { startKinds: () => startKinds(lab.context, lab.cluster) }),
      stop: () => lab.stop(),
    };
  } catch (error) {
    await lab.stop();
    throw error;
  }
}

/** PostgreSQL and Temporal of the lab, beside a cluster somebody named. */
async function labBeside(options: SystemOptions, own: { kubeconfig: string; context: string }): Promise<Lab> {
  const lab = await startLab({ ...options, parts: ['postgres', 'temporal'] });
  try {
    const { helm } = await findBinaries(['helm'], lab.context);
    const cluster = {
      kubeconfigPath: resolve(own.kubeconfig),
      contextName: own.context,
      helmPath: helm,
      // Nobody knows whether containers really run there, so the story does not insist on their logs.
      nodeKinds: [],
    };
    return { ...lab, cluster };
  } catch (error) {
    await lab.stop();
    throw error;
  }
}

function nodesInWords({ cluster }: Lab, { ownCluster }: SystemOptions): string {
  if (ownCluster) return `context ${ownCluster.context} of ${ownCluster.kubeconfig}, and no other cluster`;
  if (cluster.noRealNode !== undefined) return `ten simulated nodes; ${cluster.noRealNode}`;
  return 'one real node runs the containers; ten simulated ones stand by (npm start -- --nodes simulated uses only those)';
}
