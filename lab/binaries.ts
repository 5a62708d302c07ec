import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './build.ts';
import type { LabContext } from './context.ts';
import { findGo, type Go } from './go.ts';
import { partReport } from './progress.ts';
import { repositoryRoot } from './root.ts';
import { isExecutable } from './search-path.ts';

/** Programs the lab builds from the Go module in `lab/binaries`, and the package of each. */
const kubernetesPackages = {
  helm: 'helm.sh/helm/v4/cmd/helm',
  server: 'go.etcd.io/etcd/server/v3',
  kwok: 'sigs.k8s.io/kwok/cmd/kwok',
  kubelet: 'k8s.io/kubernetes/cmd/kubelet',
  'kube-scheduler': 'k8s.io/kubernetes/cmd/kube-scheduler',
  'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
  'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
} as const;

/** Programs of ours, built from the Go module in `lab/agent`. */
const agentPackages = { agent: '.', certificates: './certificates' } as const;

/** The controller of sandboxes, built from the Go module in `lab/agent-sandbox`. */
const agentSandboxPackages = {
  'agent-sandbox-controller': 'sigs.k8s.io/agent-sandbox/cmd/agent-sandbox-controller',
} as const;

export type BinaryName =
  | keyof typeof kubernetesPackages
  | keyof typeof agentPackages
  | keyof typeof agentSandboxPackages;

/** The wanted programs: from RUNTIMEAI_LAB_BIN, else from the cache, else built into it once. */
export async function findBinaries<Name extends BinaryName>(
  names: readonly Name[],
  context: Pick<LabContext, 'cacheDir' | 'report' | 'signal'>,
): Promise<Record<Name, string>> {
  const go = await findGo(context);
  const given = process.env['RUNTIMEAI_LAB_BIN'];
  const found: [Name, string][] = [];
  for (const module of modules) {
    const wanted = names.filter(name => name in module.packages);
    const folder =
      given && module.mayBeGiven(given) ? given : module.cacheFolder({ cacheDir: context.cacheDir, go });
    const missing = wanted.filter(name => !isExecutable(join(folder, name)));
    if (missing.length > 0 && folder === given) {
      throw new Error(
        `RUNTIMEAI_LAB_BIN=${given} lacks ${missing.join(', ')}. Add them, or unset it to have them built.`,
      );
    }
    if (missing.length > 0) await buildMissing({ module, missing, folder, go, context });
    found.push(...wanted.map((name): [Name, string] => [name, join(folder, name)]));
  }
  return Object.fromEntries(found) as Record<Name, string>;
}

/** The cache key of what a Go module builds to: its files, the Go that builds it, and the platform. */
export function cacheKey({ files, goVersion }: { files: string[]; goVersion: string }): string {
  const hash = createHash('sha256');
  hash.update(`${goVersion} ${process.platform}/${process.arch}\n`);
  for (const file of files) hash.update(readFileSync(file)).update('\0');
  return hash.digest('hex').slice(0, 16);
}

interface GoModule {
  folder: string;
  packages: Record<string, string>;
  linkerFlags: string;
  once: string;
  mayBeGiven(folder: string): boolean;
  cacheFolder(options: { cacheDir: string; go: Go }): string;
}

/** The Kubernetes of the lab; `lab/binaries/go.mod` requires the same (lab/binaries.test.ts). */
export const KUBERNETES_VERSION = '1.36.3';

const [major, minor] = KUBERNETES_VERSION.split('.');
const version = 'k8s.io/component-base/version';
const binariesFolder = join(repositoryRoot(), 'lab', 'binaries');
const agentFolder = join(repositoryRoot(), 'lab', 'agent');
const agentSandboxFolder = join(repositoryRoot(), 'lab', 'agent-sandbox');

const modules: GoModule[] = [
  {
    folder: binariesFolder,
    packages: kubernetesPackages,
    linkerFlags: `-X ${version}.gitVersion=v${KUBERNETES_VERSION} -X ${version}.gitMajor=${major} -X ${version}.gitMinor=${minor}`,
    once: 'once per machine, about ten minutes on two cores',
    mayBeGiven: () => true,
    cacheFolder: ({ cacheDir, go }) => {
      const files = ['go.mod', 'go.sum'].map(name => join(binariesFolder, name));
      return join(cacheDir, 'kubernetes', cacheKey({ files, goVersion: go.version }));
    },
  },
  {
    folder: agentFolder,
    packages: agentPackages,
    linkerFlags: '',
    once: 'seconds',
    mayBeGiven: given => Object.keys(agentPackages).every(name => existsSync(join(given, name))),
    cacheFolder: ({ cacheDir, go }) =>
      join(cacheDir, 'agent', cacheKey({ files: goSources(agentFolder), goVersion: go.version })),
  },
  {
    folder: agentSandboxFolder,
    packages: agentSandboxPackages,
    linkerFlags: '',
    once: 'once per machine, about three minutes on two cores',
    mayBeGiven: given => Object.keys(agentSandboxPackages).every(name => existsSync(join(given, name))),
    cacheFolder: ({ cacheDir, go }) => {
      const files = ['go.mod', 'go.sum'].map(name => join(agentSandboxFolder, name));
      return join(cacheDir, 'agent-sandbox', cacheKey({ files, goVersion: go.version }));
    },
  },
];

async function buildMissing({
  module,
  missing,
  folder,
  go,
  context,
}: {
  module: GoModule;
  missing: string[];
  folder: string;
  go: Go;
  context: Pick<LabContext, 'report' | 'signal'>;
}): Promise<void> {
  const say = partReport('binaries', context.report);
  say('working', `building ${missing.join(', ')} (${module.once}) into ${folder}`);
  await build({
    go: await go.program(),
    moduleFolder: module.folder,
    packages: Object.fromEntries(Object.entries(module.packages).filter(([name]) => missing.includes(name))),
    linkerFlags: module.linkerFlags,
    into: folder,
    onProgress: detail => say('working', detail),
    signal: context.signal,
  });
  say('ready', `built ${missing.join(', ')}`);
}

function goSources(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names
    .filter(name => name.endsWith('.go') || name.endsWith('go.mod'))
    .sort()
    .map(name => join(folder, name));
}
