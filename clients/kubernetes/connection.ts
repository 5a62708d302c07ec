import { readFile } from 'node:fs/promises';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { type Cluster, type Identity, readKubeconfig } from './kubeconfig.ts';

/** What the next request needs: kept-alive sockets and the headers that say who asks. */
export interface Authorization {
  readonly agent: HttpAgent;
  readonly headers: Readonly<Record<string, string>>;
}

/** One cluster and one identity in it. */
export interface KubernetesConnection {
  /** Address of the API server, without a slash at the end. */
  readonly server: string;
  /** Where the identity comes from, in words. */
  readonly source: string;
  authorize(): Promise<Authorization>;
  close(): void;
}

export interface ConnectionSettings {
  /** The only file that is read; without it the pod's own service account is used. */
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly environment?: NodeJS.ProcessEnv;
}

/** Prepares the connection to one explicitly named cluster, or to the one this pod runs in. Opens no socket yet. */
export async function connectKubernetes(settings: ConnectionSettings): Promise<KubernetesConnection> {
  if (settings.kubeconfig === undefined) return inCluster(settings.environment ?? process.env);
  const { context, cluster, identity, needsPlugin } = await readKubeconfig(
    settings.kubeconfig,
    settings.context,
  );
  if (needsPlugin) {
    const { connectWithPlugin } = await import('./credential-plugin.ts');
    return connectWithPlugin(settings.kubeconfig, context);
  }
  return connect(cluster, identity, `context ${context} of ${settings.kubeconfig}`);
}

/** Sockets stay open between calls; a watch keeps its own for as long as it runs. */
export const SOCKETS = {
  keepAlive: true,
  keepAliveMsecs: 5000,
  maxSockets: 100,
  maxFreeSockets: 20,
} as const;

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
const TOKEN_AGE_MS = 60_000;

async function inCluster(environment: NodeJS.ProcessEnv): Promise<KubernetesConnection> {
  const host = environment['KUBERNETES_SERVICE_HOST'];
  const port = environment['KUBERNETES_SERVICE_PORT'];
  if (host === undefined || port === undefined)
    throw new Error(
      'No cluster was named: RUNTIMEAI_KUBECONFIG is not set and this process does not run in a pod. ' +
        'Set RUNTIMEAI_KUBECONFIG (and RUNTIMEAI_KUBE_CONTEXT).',
    );
  const certificateAuthority = await readFile(`${SERVICE_ACCOUNT}/ca.crt`);
  const server = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const identity = { tokenFile: `${SERVICE_ACCOUNT}/token` };
  return connect(
    { server, certificateAuthority, skipVerification: false },
    identity,
    'this pod’s service account',
  );
}

function connect(cluster: Cluster, identity: Identity, source: string): KubernetesConnection {
  const agent = agentFor(cluster, identity);
  const readToken = tokenReader(identity);
  return {
    server: cluster.server,
    source,
    authorize: async () => {
      const token = await readToken();
      return { agent, headers: token === undefined ? {} : { authorization: `Bearer ${token}` } };
    },
    close: () => agent.destroy(),
  };
}

function agentFor(cluster: Cluster, identity: Identity): HttpAgent {
  if (cluster.server.startsWith('http:')) return new HttpAgent(SOCKETS);
  return new HttpsAgent({
    ...SOCKETS,
    rejectUnauthorized: !cluster.skipVerification,
    ...(cluster.certificateAuthority === undefined ? {} : { ca: cluster.certificateAuthority }),
    ...(cluster.serverName === undefined ? {} : { servername: cluster.serverName }),
    ...(identity.certificate === undefined ? {} : { cert: identity.certificate }),
    ...(identity.key === undefined ? {} : { key: identity.key }),
  });
}

function tokenReader(identity: Identity): () => Promise<string | undefined> {
  const { tokenFile } = identity;
  if (tokenFile === undefined) return async () => identity.token;
  let token = '';
  let readAt = Number.NEGATIVE_INFINITY;
  return async () => {
    if (performance.now() - readAt > TOKEN_AGE_MS) {
      token = (await readFile(tokenFile, 'utf8')).trim();
      readAt = performance.now();
    }
    return token;
  };
}
