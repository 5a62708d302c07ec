import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { findBinaries } from '../binaries.ts';
import type { Cluster } from '../cluster.ts';
import { clusterUsers, kubeconfigFor } from '../cluster-users.ts';
import { type LabContext, startPart } from '../context.ts';
import { type KubernetesApi, sendUnless } from '../kubernetes-api.ts';
import { choosePort } from '../ports.ts';
import { partReport } from '../progress.ts';
import { type ClusterAccess, openClusterAccess } from './cluster-access.ts';
import { type CustomKind, installCustomKinds, onlyVersion } from './custom-kinds.ts';
import { goModuleFolder } from './go-module.ts';

/** Starts the real agent-sandbox controller on the lab's cluster, with its kinds and its rights. */
export async function startAgentSandbox(
  context: LabContext,
  cluster: Pick<Cluster, 'kubeconfigPath'>,
): Promise<void> {
  const say = partReport('agent-sandbox', context.report);
  const binaries = await findBinaries(['agent-sandbox-controller'], context);
  say('starting', 'the controller of sandboxes');
  const module = await goModuleFolder(context, {
    required: 'sigs.k8s.io/agent-sandbox',
    by: 'agent-sandbox',
  });
  const access = openClusterAccess(context, cluster);
  try {
    await installCustomKinds(access.api, { kinds: sandboxKinds(module), signal: context.signal });
    await allow(access.api, module);
    await startController(context, { program: binaries['agent-sandbox-controller'], access });
  } finally {
    access.api.close();
  }
  say('ready', basename(module));
}

function sandboxKinds(module: string): CustomKind[] {
  const folder = join(module, 'k8s', 'crds');
  return readdirSync(folder)
    .filter(name => name.endsWith('.yaml'))
    .sort()
    .map(name => onlyVersion(parse(readFileSync(join(folder, name), 'utf8')) as CustomKind, 'v1beta1'));
}

interface ClusterRole {
  kind: string;
  metadata: { name: string };
  rules: unknown;
}

/** Gives the controller the roles that come with it, and nothing else. */
async function allow(api: KubernetesApi, module: string): Promise<void> {
  const files = ['rbac.generated.yaml', 'extensions-rbac.generated.yaml'];
  const roles = files
    .flatMap(name => parseAllDocuments(readFileSync(join(module, 'k8s', name), 'utf8')))
    .map(document => document.toJS() as ClusterRole | null)
    .filter(role => role?.kind === 'ClusterRole');
  for (const role of roles) if (role) await bind(api, role);
}

const rbac = '/apis/rbac.authorization.k8s.io/v1';

async function bind(api: KubernetesApi, role: ClusterRole): Promise<void> {
  const { name } = role.metadata;
  const made = await sendUnless(409, () => api.send('POST', `${rbac}/clusterroles`, role));
  if (!made) await api.send('PATCH', `${rbac}/clusterroles/${name}`, { rules: role.rules });
  const group = 'rbac.authorization.k8s.io';
  const binding = {
    metadata: { name },
    roleRef: { apiGroup: group, kind: 'ClusterRole', name },
    subjects: [{ apiGroup: group, kind: 'User', name: clusterUsers['agent-sandbox'].name }],
  };
  await sendUnless(409, () => api.send('POST', `${rbac}/clusterrolebindings`, binding));
}

async function startController(
  context: LabContext,
  { program, access }: { program: string; access: ClusterAccess },
): Promise<void> {
  const metrics = await choosePort({ name: 'agent-sandbox-metrics', usual: 10_258, state: context.state });
  const probes = await choosePort({ name: 'agent-sandbox-probes', usual: 10_260, state: context.state });
  const { server, folder } = access;
  await startPart(context, {
    name: 'agent-sandbox',
    command: program,
    args: [
      `--kubeconfig=${kubeconfigFor(context, { user: 'agent-sandbox', server, folder })}`,
      ...['--leader-elect=false', '--extensions', '--enable-webhook=false'],
      `--metrics-bind-address=127.0.0.1:${metrics}`,
      `--health-probe-bind-address=127.0.0.1:${probes}`,
    ],
    ready: async () =>
      (await fetch(`http://127.0.0.1:${probes}/readyz`, { signal: AbortSignal.timeout(2_000) })).ok,
    readyWithinSeconds: 60,
  });
}
