import { readFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { writePrivately } from './secrets.ts';

/** The only context in a kubeconfig of the lab. */
export const contextName = 'runtimeai-lab';

/** Writes a kubeconfig for one user of the lab's cluster, readable by its owner only. */
export function writeKubeconfig(path: string, { server, caFile, user, token }: KubeconfigUser): void {
  const document = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': contextName,
    clusters: [
      {
        name: contextName,
        cluster: { server, 'certificate-authority-data': readFileSync(caFile).toString('base64') },
      },
    ],
    users: [{ name: user, user: { token } }],
    contexts: [{ name: contextName, context: { cluster: contextName, user } }],
  };
  writePrivately(path, stringify(document));
}

interface KubeconfigUser {
  server: string;
  caFile: string;
  user: string;
  token: string;
}
