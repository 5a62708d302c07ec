import { join, resolve } from 'node:path';
import { rollbackArguments, templateArguments, uninstallArguments, upgradeArguments } from './arguments.ts';
import { type ChildEnd, runChild } from './child.ts';
import { classify, HelmError, type HelmFailure, readableTail } from './errors.ts';
import { PrivateDirectory } from './private-directory.ts';

export interface HelmSettings {
  /** Name on PATH or full path of Helm 4.2 or newer. */
  readonly binary: string;
  /** Without it Helm uses the pod's own service account; no other kubeconfig is ever read. */
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  /** Taken from it: PATH, proxy and certificate settings, and the pod's API server address. Nothing else is passed on. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where the private directory of this process is made; default the system's directory for temporary files. */
  readonly workDirectory?: string | undefined;
  /** `--timeout`: the longest one Kubernetes operation may take. */
  readonly operationTimeoutSeconds?: number;
  /** The longest a whole call may take before its process group is ended. */
  readonly callTimeoutSeconds?: number;
  /** Time between TERM and KILL. */
  readonly graceSeconds?: number;
}

export interface ReleaseName {
  readonly release: string;
  readonly namespace: string;
}

export interface ChartInput extends ReleaseName {
  /** Folder of the chart. */
  readonly chart: string;
  readonly values: unknown;
  /** Texts that must not show up in an error, e.g. the values of environment variables. */
  readonly masked?: readonly string[];
}

export interface CallOptions {
  /** Ends Helm: TERM to its group, KILL after the grace time. The call returns only when it has ended. */
  readonly signal?: AbortSignal;
  readonly onStart?: (pid: number) => void;
}

/** The driver of the Helm command line. Every call throws a `HelmError`, and none of them says what the cluster now holds. */
export interface Helm {
  /** A call never takes longer than this, grace time included. */
  readonly longestCallSeconds: number;
  /** The manifests of the chart, rendered without the cluster. */
  template(input: ChartInput, options?: CallOptions): Promise<string>;
  upgradeInstall(
    input: ChartInput & { readonly labels: Readonly<Record<string, string>> },
    options?: CallOptions,
  ): Promise<void>;
  rollback(input: ReleaseName & { readonly toRevision: number }, options?: CallOptions): Promise<void>;
  /** Waits until the release's objects are gone. A release that is not there is no error. */
  uninstall(input: ReleaseName, options?: CallOptions): Promise<void>;
  /** Removes the private directory; not while a call runs. */
  close(): Promise<void>;
}

const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;

/** Makes the one place that starts Helm processes. */
export function createHelm(settings: HelmSettings): Helm {
  const { operationTimeoutSeconds = 60, callTimeoutSeconds = 90, graceSeconds = 15 } = settings;
  // Helm runs in its private directory, so relative paths are resolved here.
  const binary = settings.binary.includes('/') ? resolve(settings.binary) : settings.binary;
  const directory = new PrivateDirectory(settings.workDirectory);
  const environment = environmentOf(settings, directory.path);
  const timeout = `${operationTimeoutSeconds}s`;

  async function run(verb: string, argv: readonly string[], about: Run): Promise<string> {
    const end = await start(
      {
        binary,
        argv,
        environment,
        directory: directory.path,
        maxOutputBytes: MAX_OUTPUT_BYTES,
        timeoutSeconds: callTimeoutSeconds,
        graceSeconds,
        ...about.options,
      },
      verb,
      about,
    );
    if (end.code === 0 && end.stopped === undefined) return end.stdout;
    throw failureOf(verb, end, about);
  }

  return {
    longestCallSeconds: callTimeoutSeconds + graceSeconds,
    template: (input, options) =>
      directory.withValues(input.values, file =>
        run('template', templateArguments(input, file), { ...input, options }),
      ),
    upgradeInstall: (input, options) =>
      directory.withValues(input.values, async file => {
        await run('upgrade', upgradeArguments(input, file, timeout), { ...input, options });
      }),
    async rollback(input, options) {
      await run('rollback', rollbackArguments(input, timeout), { ...input, options });
    },
    async uninstall(input, options) {
      await run('uninstall', uninstallArguments(input, timeout), { ...input, options });
    },
    close: () => directory.remove(),
  };
}

interface Run extends ReleaseName {
  readonly masked?: readonly string[];
  readonly options: CallOptions | undefined;
}

async function start(call: Parameters<typeof runChild>[0], verb: string, about: Run): Promise<ChildEnd> {
  try {
    return await runChild(call);
  } catch (error) {
    if (about.options?.signal?.aborted) throw new HelmError(cancelled(verb, about), { cause: error });
    throw new HelmError(
      {
        kind: 'unknown',
        retryable: false,
        message: `${subject(verb, about)} was not started: ${String(error)}`,
        nextStep: 'Set RUNTIMEAI_HELM to Helm 4.2 or newer and check that it can be executed.',
      },
      { cause: error },
    );
  }
}

const FROM_OUTSIDE = [
  'PATH',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'KUBERNETES_SERVICE_HOST',
  'KUBERNETES_SERVICE_PORT',
];

function environmentOf(settings: HelmSettings, home: string): Record<string, string> {
  const passed = FROM_OUTSIDE.flatMap(name => {
    const value = settings.environment[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...Object.fromEntries(passed),
    HOME: home,
    TMPDIR: home,
    HELM_CACHE_HOME: join(home, 'cache'),
    HELM_CONFIG_HOME: join(home, 'config'),
    HELM_DATA_HOME: join(home, 'data'),
    HELM_PLUGINS: join(home, 'plugins'),
    HELM_DRIVER: 'secret',
    HELM_BURST_LIMIT: '1000',
    HELM_QPS: '500',
    // A kubeconfig that does not exist makes Helm fall back to the pod's service account, not to ~/.kube/config.
    KUBECONFIG:
      settings.kubeconfig === undefined ? join(home, 'no-kubeconfig') : resolve(settings.kubeconfig),
    ...(settings.context === undefined ? {} : { HELM_KUBECONTEXT: settings.context }),
    // Helm ends within a second: without garbage collection it needs a fifth less CPU for 17 MB more memory.
    GOGC: 'off',
    GOMEMLIMIT: '512MiB',
  };
}

function failureOf(verb: string, end: ChildEnd, about: Run): HelmError {
  if (end.stopped === 'aborted') return new HelmError(cancelled(verb, about));
  const said = readableTail(end.stderr, about.masked ?? []);
  if (end.stopped === 'output') {
    return new HelmError({
      kind: 'render',
      retryable: false,
      message: `${subject(verb, about)} wrote more than ${MAX_OUTPUT_BYTES} bytes and was ended.`,
      nextStep: 'Make the chart smaller.',
    });
  }
  if (end.stopped === 'timeout') {
    return new HelmError({
      kind: 'unreachable',
      retryable: true,
      message: `${subject(verb, about)} did not end in time and was ended. ${said}`.trim(),
      nextStep: 'Check that the Kubernetes API server answers; the call is repeated by itself.',
    });
  }
  if (end.killedBy !== null) {
    return new HelmError({
      ...cancelled(verb, about),
      message: `${subject(verb, about)} was killed (${end.killedBy}). ${said}`.trim(),
    });
  }
  return new HelmError({
    ...classify(said),
    message: `${subject(verb, about)} failed: ${said === '' ? `exit code ${end.code}, nothing said` : said}`,
  });
}

function cancelled(verb: string, about: Run): HelmFailure {
  return {
    kind: 'cancelled',
    retryable: true,
    message: `${subject(verb, about)} was ended before it was done.`,
    nextStep: 'Read the release storage to see how far it got, then repeat the call.',
  };
}

function subject(verb: string, about: ReleaseName): string {
  return `helm ${verb} of ${about.namespace}/${about.release}`;
}
