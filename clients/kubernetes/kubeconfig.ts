import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { parse } from 'yaml';
import { fieldsOf, listOf, textOf } from './objects.ts';

export interface Cluster {
  readonly server: string;
  readonly certificateAuthority?: Buffer;
  readonly serverName?: string;
  readonly skipVerification: boolean;
}

export interface Identity {
  readonly certificate?: Buffer;
  readonly key?: Buffer;
  readonly token?: string;
  /** Read again now and then: whoever issues it replaces it. */
  readonly tokenFile?: string;
}

export interface NamedContext {
  readonly context: string;
  readonly cluster: Cluster;
  readonly identity: Identity;
  /** The user or the cluster needs more than certificates and tokens (exec, auth-provider, proxy, impersonation). */
  readonly needsPlugin: boolean;
}

/** Reads one context of a kubeconfig file; the current one unless named. */
export async function readKubeconfig(file: string, context?: string): Promise<NamedContext> {
  const config = fieldsOf(parse(await readText(file)));
  const name = context ?? textOf(config['current-context']);
  const chosen = pick(config['contexts'], name);
  if (chosen === undefined) throw new Error(missing('context', name, { file, entries: config['contexts'] }));
  const body = fieldsOf(chosen['context']);
  const cluster = pick(config['clusters'], textOf(body['cluster']));
  if (cluster === undefined)
    throw new Error(missing('cluster', textOf(body['cluster']), { file, entries: config['clusters'] }));
  const clusterFields = fieldsOf(cluster['cluster']);
  const userFields = fieldsOf(pick(config['users'], textOf(body['user']))?.['user']);
  return {
    context: name,
    cluster: await clusterOf(clusterFields, file),
    identity: await identityOf(userFields, file),
    needsPlugin: !isPlain(userFields, PLAIN_USER) || !isPlain(clusterFields, PLAIN_CLUSTER),
  };
}

const PLAIN_USER = [
  'client-certificate',
  'client-certificate-data',
  'client-key',
  'client-key-data',
  'token',
  'tokenFile',
  'extensions',
];
const PLAIN_CLUSTER = [
  'server',
  'certificate-authority',
  'certificate-authority-data',
  'insecure-skip-tls-verify',
  'tls-server-name',
  'disable-compression',
  'extensions',
];

type Fields = Readonly<Record<string, unknown>>;

async function clusterOf(fields: Fields, file: string): Promise<Cluster> {
  const certificateAuthority = await material(fields, 'certificate-authority', file);
  const serverName = textOf(fields['tls-server-name']);
  return {
    server: textOf(fields['server']).replace(/\/+$/, ''),
    skipVerification: fields['insecure-skip-tls-verify'] === true,
    ...(certificateAuthority === undefined ? {} : { certificateAuthority }),
    ...(serverName === '' ? {} : { serverName }),
  };
}

async function identityOf(fields: Fields, file: string): Promise<Identity> {
  const certificate = await material(fields, 'client-certificate', file);
  const key = await material(fields, 'client-key', file);
  const token = textOf(fields['token']);
  const tokenFile = textOf(fields['tokenFile']);
  return {
    ...(certificate === undefined ? {} : { certificate }),
    ...(key === undefined ? {} : { key }),
    ...(token === '' ? {} : { token }),
    ...(tokenFile === '' ? {} : { tokenFile: beside(file, tokenFile) }),
  };
}

async function material(fields: Fields, name: string, file: string): Promise<Buffer | undefined> {
  const data = textOf(fields[`${name}-data`]);
  if (data !== '') return Buffer.from(data, 'base64');
  const path = textOf(fields[name]);
  if (path === '') return undefined;
  try {
    return await readFile(beside(file, path));
  } catch (error) {
    throw new Error(`Cannot read ${name} of kubeconfig ${file}: ${String(error)}. Check the path.`, {
      cause: error,
    });
  }
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new Error(`Cannot read the kubeconfig ${file}: ${String(error)}. Check RUNTIMEAI_KUBECONFIG.`, {
      cause: error,
    });
  }
}

function pick(entries: unknown, name: string): Fields | undefined {
  return listOf(entries).find(entry => entry['name'] === name);
}

function isPlain(fields: Fields, plain: readonly string[]): boolean {
  return Object.keys(fields).every(field => plain.includes(field));
}

function beside(file: string, path: string): string {
  return isAbsolute(path) ? path : join(dirname(file), path);
}

function missing(what: string, name: string, where: { file: string; entries: unknown }): string {
  const known = listOf(where.entries).map(entry => textOf(entry['name']));
  const asked = name === '' ? `names no ${what}` : `has no ${what} "${name}"`;
  return `The kubeconfig ${where.file} ${asked}; it has: ${known.join(', ') || 'none'}. Check RUNTIMEAI_KUBE_CONTEXT.`;
}
