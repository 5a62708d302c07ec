import { join } from 'node:path';
import { issueCertificates } from './certificates.ts';
import { kubeconfigFor } from './cluster-users.ts';
import { type LabContext, startPart } from './context.ts';
import type { ControlPlane } from './control-plane.ts';
import { choosePort } from './ports.ts';
import { partReport } from './progress.ts';
import { repositoryRoot } from './root.ts';
import { applySimulatedNodes, forgetKwok, simulatedNodesReady } from './simulated-nodes.ts';

/** What KWOK needs beside the lab itself. */
export interface KwokOptions {
  program: string;
  /** The program that issues certificates. */
  certificates: string;
  plane: ControlPlane;
  /** Whether pods must say that they accept a simulated node. */
  tainted: boolean;
}

/** Starts KWOK and ten simulated nodes in three zones; what happens to pods there is told by `kwok-stages.yaml`. */
export async function startKwok(
  context: LabContext,
  { program, certificates, plane, tainted }: KwokOptions,
): Promise<void> {
  const say = partReport('simulated nodes', context.report);
  say('starting', 'KWOK');
  const port = await choosePort({ name: 'kwok', usual: 10247, state: context.state });
  await issueCertificates(certificates, plane.folder, { servers: { kwok: ['127.0.0.1'] } });
  await applySimulatedNodes(plane.api, { tainted });
  await startPart(context, {
    name: 'kwok',
    command: program,
    args: [
      `--kubeconfig=${kubeconfigFor(context, { user: 'kwok', server: plane.server, folder: plane.folder })}`,
      `--config=${join(repositoryRoot(), 'lab', 'kwok-stages.yaml')}`,
      ...['--manage-all-nodes=false', '--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake'],
      ...['--node-lease-duration-seconds=40', '--cidr=198.18.0.0/15', '--v=WARN'],
      // The API server asks KWOK for the logs of simulated pods and gets a prompt refusal instead of a timeout.
      ...['--node-ip=127.0.0.1', `--node-port=${port}`],
      ...['crt', 'key'].map(
        (kind, index) => `--tls-${['cert', 'private-key'][index]}-file=${join(plane.folder, `kwok.${kind}`)}`,
      ),
      `--server-address=127.0.0.1:${port}`,
    ],
    ready: async () =>
      (await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(2_000) })).ok,
    readyWithinSeconds: 60,
    onExit: () => {
      forgetKwok(plane.api).catch(error =>
        say('failed', `the nodes come back in about 40 s: ${error.message}`),
      );
    },
  });
  await simulatedNodesReady(plane.api, context.signal);
  say(
    'ready',
    `ten nodes in three zones${tainted ? ', only for pods that tolerate runtimeai.dev/simulated' : ''}`,
  );
}
