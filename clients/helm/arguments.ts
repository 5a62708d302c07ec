import { resolve } from 'node:path';
import type { ChartInput, ReleaseName } from './cli.ts';

/** The command line of `helm template`. */
export function templateArguments(input: ChartInput, valuesFile: string): string[] {
  return ['template', input.release, resolve(input.chart), '-n', input.namespace, '-f', valuesFile];
}

/** The command line of `helm upgrade --install`. */
export function upgradeArguments(
  input: ChartInput & { readonly labels: Readonly<Record<string, string>> },
  valuesFile: string,
  timeout: string,
): string[] {
  return [
    ...['upgrade', '--install', input.release, resolve(input.chart), '-n', input.namespace],
    ...['-f', valuesFile, '--reset-values', '--labels', labelsArgument(input.labels)],
    ...CHANGE,
    ...['--disable-openapi-validation', '--hide-notes', '--timeout', timeout],
  ];
}

/** The command line of `helm rollback`. */
export function rollbackArguments(
  input: ReleaseName & { readonly toRevision: number },
  timeout: string,
): string[] {
  return [
    ...['rollback', input.release, String(input.toRevision), '-n', input.namespace],
    ...CHANGE,
    ...['--timeout', timeout],
  ];
}

/** The command line of `helm uninstall`. */
export function uninstallArguments(input: ReleaseName, timeout: string): string[] {
  const { release, namespace } = input;
  return ['uninstall', release, '-n', namespace, '--ignore-not-found', '--wait', '--timeout', timeout];
}

/** How a release is changed: server-side apply, and nobody waits for pods, because the workflow does. */
const CHANGE = ['--history-max', '10', '--wait=hookOnly', '--server-side=true'];

function labelsArgument(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
}
