import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, relative, resolve } from 'node:path';
import { env, execPath } from 'node:process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HelmCall, HelmOrders } from '../../test/fakes/helm.ts';
import { createHelm, type Helm, type HelmSettings } from './cli.ts';
import type { HelmError } from './errors.ts';
import { isRunning, markOf, type ProcessMark } from './process-mark.ts';

let directory: string;
let helm: Helm;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rtai-test-'));
  await copyFile(new URL('../../test/fakes/helm.ts', import.meta.url), join(directory, 'helm.ts'));
  await obey({});
  helm = create();
});
afterEach(async () => {
  await helm.close();
  await rm(directory, { recursive: true });
});

const target = { release: 'agent', namespace: 'rtai-acme--default' };
const chart = { ...target, chart: '/charts/agent', values: { image: 'a:1' } };
const install = { ...chart, labels: { 'rtai-op': 'op_1', 'rtai-attempt': '2' } };

describe('the command line', () => {
  it('installs and upgrades with values from a file, our labels and server-side apply', async () => {
    await helm.upgradeInstall(install);
    const [call] = await calls();
    expect(call?.argv.with(7, 'VALUES')).toEqual(
      'upgrade --install agent /charts/agent -n rtai-acme--default -f VALUES --reset-values --labels rtai-op=op_1,rtai-attempt=2 --history-max 10 --wait=hookOnly --server-side=true --disable-openapi-validation --hide-notes --timeout 60s'.split(
        ' ',
      ),
    );
    expect(call).toMatchObject({ values: { image: 'a:1' }, valuesMode: 0o600 });
  });

  it('goes back to a named revision, and removes a release and waits for it', async () => {
    await helm.rollback({ ...target, toRevision: 3 });
    await helm.uninstall(target);
    expect((await calls()).map(({ argv }) => argv.join(' '))).toEqual([
      'rollback agent 3 -n rtai-acme--default --history-max 10 --wait=hookOnly --server-side=true --timeout 60s',
      'uninstall agent -n rtai-acme--default --ignore-not-found --wait --timeout 60s',
    ]);
  });

  it('may be given paths relative to where the process runs', async () => {
    helm = create({ binary: relative('.', join(directory, 'helm.ts')), kubeconfig: 'some/kubeconfig' });
    await helm.template({ ...chart, chart: 'some/chart' });
    const [call] = await calls();
    expect(call?.argv[2]).toBe(resolve('some/chart'));
    expect(call?.environment['KUBECONFIG']).toBe(resolve('some/kubeconfig'));
  });

  it('answers what template printed', async () => {
    await obey({ say: 'kind: Service\n' });
    expect(await helm.template(chart)).toBe('kind: Service\n');
  });

  it('leaves no values file behind, also when Helm fails', async () => {
    await obey({ exit: 1 });
    await expect(helm.upgradeInstall(install)).rejects.toThrow();
    const left = await readdir(directory, { recursive: true });
    expect(left.filter(name => name.includes('values-'))).toEqual([]);
  });
});

describe('the environment', () => {
  it('passes nothing on but what Helm needs, in directories of its own', async () => {
    const secret = {
      RUNTIMEAI_DATABASE_URL: 'postgres://secret',
      HELM_NAMESPACE: 'other',
      KUBECONFIG: '/home/somebody/.kube/config',
    };
    helm = create({ environment: { ...environment(), ...secret, HTTPS_PROXY: 'http://proxy' } });
    await helm.template(chart);
    const [call] = await calls();
    expect(call?.environment).toMatchObject({
      HTTPS_PROXY: 'http://proxy',
      KUBECONFIG: '/etc/kubeconfig',
      HELM_KUBECONTEXT: 'prod',
      HELM_QPS: '500',
      HELM_BURST_LIMIT: '1000',
    });
    expect(call?.environment).not.toHaveProperty('RUNTIMEAI_DATABASE_URL');
    expect(call?.environment).not.toHaveProperty('HELM_NAMESPACE');
    for (const name of ['HOME', 'HELM_CACHE_HOME', 'HELM_CONFIG_HOME', 'HELM_DATA_HOME', 'HELM_PLUGINS']) {
      expect(call?.environment[name]).toContain(directory);
    }
  });

  it('never falls back to the kubeconfig of whoever runs it', async () => {
    helm = create({ kubeconfig: undefined, context: undefined });
    await helm.template(chart);
    const [call] = await calls();
    expect(call?.environment['KUBECONFIG']).toContain(directory);
  });
});

describe('a Helm that fails', () => {
  it('is told by kind, with the end of what it said and what to do', async () => {
    await obey({
      exit: 1,
      complain:
        'level=WARN msg="again"\nError: UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress\n',
    });
    expect(await errorOf(helm.upgradeInstall(install))).toMatchObject({
      kind: 'pending',
      retryable: true,
      message:
        'helm upgrade of rtai-acme--default/agent failed: UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress',
      nextStep: expect.stringContaining('Wait'),
    });
  });

  it('tells no masked text and no more than 2 KB', async () => {
    await obey({ exit: 1, complain: `Error: ${'x'.repeat(40_000)} value 'confidential' does not match` });
    const error = await errorOf(helm.upgradeInstall({ ...install, masked: ['confidential'] }));
    expect(error.message).toContain("value '***' does not match");
    expect(error.message.length).toBeLessThan(2200);
  });

  it('by being killed is an interruption', async () => {
    await obey({ dieBy: 'SIGKILL' });
    expect(await errorOf(helm.upgradeInstall(install))).toMatchObject({
      kind: 'cancelled',
      retryable: true,
      message: expect.stringContaining('SIGKILL'),
    });
  });

  it('by not being there names the setting', async () => {
    helm = create({ binary: join(directory, 'nothing') });
    expect(await errorOf(helm.template(chart))).toMatchObject({
      kind: 'unknown',
      retryable: false,
      nextStep: expect.stringContaining('RUNTIMEAI_HELM'),
    });
  });

  it('by printing without end is ended', async () => {
    await obey({ say: 'x'.repeat(5 * 1024 * 1024) });
    expect(await errorOf(helm.template(chart))).toMatchObject({ kind: 'render', retryable: false });
  });
});

describe('a Helm that hangs', () => {
  it('is ended by an abort, together with its children, before the call returns', async () => {
    await obey({ hang: 'until-term', withChild: true });
    const abort = new AbortController();
    const ended = errorOf(helm.upgradeInstall(install, { signal: abort.signal }));
    const call = await firstCall();
    const marks = [call.pid, call.child ?? 0].map(pid => markOf(pid));
    abort.abort();
    expect(await ended).toMatchObject({ kind: 'cancelled' });
    expect(marks.map(mark => isRunning(mark as ProcessMark))).toEqual(['no', 'no']);
  });

  it('is killed when it does not listen', async () => {
    helm = create({ graceSeconds: 0.2 });
    await obey({ hang: 'for-ever' });
    const abort = new AbortController();
    const ended = errorOf(helm.upgradeInstall(install, { signal: abort.signal }));
    const mark = markOf((await firstCall()).pid) as ProcessMark;
    abort.abort();
    expect(await ended).toMatchObject({ kind: 'cancelled' });
    expect(isRunning(mark)).toBe('no');
  });

  it('is ended when its time is over', async () => {
    helm = create({ callTimeoutSeconds: 0.5 });
    await obey({ hang: 'until-term' });
    expect(await errorOf(helm.upgradeInstall(install))).toMatchObject({
      kind: 'unreachable',
      retryable: true,
      message: expect.stringContaining('did not end in time'),
    });
  });

  it('is not even started for a call that is already aborted', async () => {
    expect(await errorOf(helm.upgradeInstall(install, { signal: AbortSignal.abort() }))).toMatchObject({
      kind: 'cancelled',
    });
    expect(await calls()).toEqual([]);
  });
});

function create(changes: Partial<HelmSettings> = {}): Helm {
  return createHelm({
    binary: join(directory, 'helm.ts'),
    kubeconfig: '/etc/kubeconfig',
    context: 'prod',
    environment: environment(),
    workDirectory: join(directory, 'work'),
    ...changes,
  });
}

/** The fake is started by this same Node, whichever one is first on the machine's own PATH. */
function environment(): Record<string, string | undefined> {
  return { PATH: [dirname(execPath), env['PATH']].join(delimiter) };
}

async function obey(orders: HelmOrders): Promise<void> {
  await writeFile(join(directory, 'orders.json'), JSON.stringify(orders));
}

async function calls(): Promise<HelmCall[]> {
  const lines = await readFile(join(directory, 'calls.jsonl'), 'utf8').catch(() => '');
  return lines.split('\n').flatMap(line => (line === '' ? [] : [JSON.parse(line) as HelmCall]));
}

async function firstCall(): Promise<HelmCall> {
  for (;;) {
    const [call] = await calls();
    if (call !== undefined) return call;
    await new Promise(resolve => setTimeout(resolve, 10));
  }
}

async function errorOf(work: Promise<unknown>): Promise<HelmError> {
  return work.then(
    () => Promise.reject(new Error('it did not fail')),
    (error: HelmError) => error,
  );
}
