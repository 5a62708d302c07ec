import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { parse } from 'yaml';
import { z } from 'zod';

/** The cluster somebody named. */
export interface OwnCluster {
  readonly kubeconfig: string;
  readonly context: string;
}

const Kubeconfig = z.object({
  contexts: z.array(z.object({ name: z.string(), context: z.object({ cluster: z.string() }) })),
  clusters: z.array(
    z.object({
      name: z.string(),
      cluster: z.object({ server: z.url(), 'proxy-url': z.string().optional() }),
    }),
  ),
});

/** Throws, saying what to do, before anything is started for a cluster that is not in the file or does not answer. */
export async function checkOwnCluster({ kubeconfig, context }: OwnCluster): Promise<void> {
  const { contexts, clusters } = readKubeconfig(kubeconfig);
  const named = contexts.find(({ name }) => name === context);
  if (!named) {
    const known = contexts.map(({ name }) => name).join(', ') || 'none';
    throw new Error(
      `${kubeconfig} has no context "${context}"; it has: ${known}. Name one of them with --context.`,
    );
  }
  const cluster = clusters.find(({ name }) => name === named.context.cluster)?.cluster;
  if (!cluster)
    throw new Error(`Context "${context}" of ${kubeconfig} names a cluster that the file does not hold.`);
  if (cluster['proxy-url'] === undefined && cluster.server.startsWith('https:'))
    await mustAnswer(cluster.server, context);
}

function readKubeconfig(path: string): z.infer<typeof Kubeconfig> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(
      `Read the kubeconfig ${path}: ${error instanceof Error ? error.message : String(error)}.`,
    );
  }
  try {
    return Kubeconfig.parse(parse(text));
  } catch {
    throw new Error(`${path} is no kubeconfig: it names no contexts and clusters.`);
  }
}

const PATIENCE_MS = 10_000;

/** Any answer will do, also a refusal: whether the user may do something there is for later. */
function mustAnswer(server: string, context: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const asking = request(server, { rejectUnauthorized: false, timeout: PATIENCE_MS }, response => {
      response.resume();
      resolve();
    });
    asking.once('timeout', () => asking.destroy(new Error(`no answer in ${PATIENCE_MS / 1000} s`)));
    asking.once('error', ({ message }) =>
      reject(
        new Error(
          `The cluster of context "${context}" does not answer at ${server}: ${message}. Start it, or name another context; nothing was started.`,
        ),
      ),
    );
    asking.end();
  });
}
