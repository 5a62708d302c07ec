import { readChart } from '../../clients/helm/chart.ts';
import { HelmError } from '../../clients/helm/errors.ts';
import type { Prerequisites } from '../adapter.ts';
import { AdapterFailure } from '../failure.ts';
import type { Tools } from './settings.ts';

type Missing = Prerequisites['missing'][number];

/** Whether there is a chart to install, and a class of volumes for its store. */
export async function prerequisites(tools: Tools): Promise<Prerequisites> {
  const missing = await Promise.all([missingChart(tools), missingStorageClass(tools)]);
  return { missing: missing.filter(each => each !== undefined) };
}

/** Throws what is missing, with the way to install it. */
export async function refuseUnprepared(tools: Tools): Promise<void> {
  const [missing, ...more] = (await prerequisites(tools)).missing;
  if (missing === undefined) return;
  const others = more.length === 0 ? '' : `, and ${more.map(({ what }) => what).join(', ')}`;
  throw new AdapterFailure(
    'kind_unavailable',
    `No vcluster can be made: the cluster lacks ${missing.what}${others}.`,
    {
      nextStep: missing.install,
    },
  );
}

async function missingChart({ settings }: Tools): Promise<Missing | undefined> {
  try {
    const { name } = await readChart(settings.chart);
    if (name === 'vcluster') return undefined;
    return { what: `the vcluster chart (${settings.chart} holds the chart ${name})`, install: CHART };
  } catch (error) {
    if (!(error instanceof HelmError)) throw error;
    return { what: `the vcluster chart in ${settings.chart || '(not set)'}`, install: CHART };
  }
}

const CHART =
  'helm pull vcluster --repo https://charts.loft.sh --version 0.36.1 --untar, and name the folder in RUNTIMEAI_VCLUSTER_CHART';
const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class';

async function missingStorageClass({ kubernetes, settings }: Tools): Promise<Missing | undefined> {
  const kind = { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass' };
  const { storageClass } = settings;
  if (storageClass !== undefined) {
    if ((await kubernetes.get({ ...kind, name: storageClass })) !== undefined) return undefined;
    return {
      what: `StorageClass ${storageClass}`,
      install: 'Install it, or change RUNTIMEAI_VCLUSTER_STORAGE_CLASS.',
    };
  }
  const classes = await kubernetes.list(kind);
  if (classes.some(({ metadata }) => metadata.annotations?.[DEFAULT_CLASS] === 'true')) return undefined;
  return {
    what: 'a default StorageClass',
    install: 'Install a provisioner of volumes, or name a class in RUNTIMEAI_VCLUSTER_STORAGE_CLASS.',
  };
}
