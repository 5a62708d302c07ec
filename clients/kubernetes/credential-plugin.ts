import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent, type RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import { type KubernetesConnection, SOCKETS } from './connection.ts';

/**
 * A connection whose credentials come from a program or a provider (exec, OIDC, proxies, impersonation). Imported only
 * when a kubeconfig asks for it: the library behind it costs every process 0.3 s and about 88 MB.
 */
export function connectWithPlugin(file: string, context: string): KubernetesConnection {
  const config = new KubeConfig();
  config.loadFromFile(file);
  config.setCurrentContext(context);
  const server = config.getCurrentCluster()?.server.replace(/\/+$/, '') ?? '';
  const viaProxy = config.getCurrentCluster()?.proxyUrl !== undefined;
  let kept: { key: string; agent: HttpAgent } | undefined;
  return {
    server,
    source: `context ${context} of ${file}`,
    authorize: async () => {
      const options: RequestOptions = {};
      await config.applyToHTTPSOptions(options);
      const headers = headersOf(options);
      if (viaProxy && options.agent instanceof HttpAgent) return { agent: options.agent, headers };
      const key = String(options.cert ?? '');
      if (kept?.key !== key) kept = { key, agent: agentFor(server, options) };
      return { agent: kept.agent, headers };
    },
    close: () => kept?.agent.destroy(),
  };
}

function agentFor(server: string, options: RequestOptions): HttpAgent {
  if (server.startsWith('http:')) return new HttpAgent(SOCKETS);
  const { ca, cert, key, servername, rejectUnauthorized } = options;
  return new HttpsAgent({
    ...SOCKETS,
    ca,
    cert,
    key,
    servername,
    ...(rejectUnauthorized === false ? { rejectUnauthorized } : {}),
  });
}

function headersOf(options: RequestOptions): Record<string, string> {
  const given = Object.entries(options.headers ?? {}).map(([name, value]) => [
    name.toLowerCase(),
    String(value),
  ]);
  const basic = options.auth
    ? { authorization: `Basic ${Buffer.from(options.auth).toString('base64')}` }
    : {};
  return { ...basic, ...Object.fromEntries(given) };
}
