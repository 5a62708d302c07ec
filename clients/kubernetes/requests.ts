import type { KubernetesConnection } from './connection.ts';
import { refused, unreachable } from './errors.ts';
import { call, type HttpAnswer, type HttpCall } from './http.ts';
import { pathOfKind, pathOfObject } from './kinds.ts';
import {
  type KindReference,
  type KubernetesObject,
  nameOf,
  type ObjectReference,
  referenceOf,
} from './objects.ts';

export interface ListOptions extends KindReference {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface ApplyOptions {
  /** Only asks what would come out; nothing is stored. */
  readonly dryRun?: boolean;
  /** Take fields over from whoever owns them now; without it a field of somebody else is a `conflict`. */
  readonly force?: boolean;
  readonly fieldManager?: string;
}

export interface DeleteOptions {
  /** Of a pod: how long it may take to end; its own when left out. */
  readonly gracePeriodSeconds?: number;
  /** Deletes this very object; one that came to its name later is left alone. */
  readonly uid?: string | undefined;
}

export interface LogOptions {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** The instance before the last restart. */
  readonly previous: boolean;
  readonly tailLines: number;
  readonly limitBytes: number;
}

/** Calls to the Kubernetes API. Every failure is a `KubernetesError`. */
export interface KubernetesClient {
  readonly connection: KubernetesConnection;
  /** The object, or nothing when there is none. */
  get(reference: ObjectReference): Promise<KubernetesObject | undefined>;
  /** All objects of a kind, read in pages. */
  list(options: ListOptions): Promise<readonly KubernetesObject[]>;
  create(object: KubernetesObject): Promise<KubernetesObject>;
  /** Server-side apply. */
  apply(object: KubernetesObject, options?: ApplyOptions): Promise<KubernetesObject>;
  /** JSON merge patch; with `metadata.resourceVersion` in it, a change in between is a `conflict`. */
  patch(reference: ObjectReference, patch: object): Promise<KubernetesObject>;
  /** Deletes it and what it owns; gone already is fine. */
  delete(reference: ObjectReference, options?: DeleteOptions): Promise<void>;
  /** Last lines a container wrote, as one text. */
  readLog(options: LogOptions): Promise<string>;
}

const FIELD_MANAGER = 'runtimeai';
const PAGE_SIZE = 500;

/** Makes the client of one connection. */
export function createKubernetesClient(connection: KubernetesConnection): KubernetesClient {
  const json = async (what: string, request: HttpCall) =>
    JSON.parse((await ask(connection, what, request)).body) as KubernetesObject;
  return {
    connection,
    get: reference => getObject(connection, reference),
    list: options => listObjects(connection, options),
    create: object =>
      json(`Creating ${nameOf(referenceOf(object))}`, {
        method: 'POST',
        path: pathOfKind(referenceOf(object)),
        query: { fieldManager: FIELD_MANAGER },
        body: JSON.stringify(object),
      }),
    apply: (object, options = {}) => json(wordsOf(object, options), applyCall(object, options)),
    patch: (reference, patch) =>
      json(`Patching ${nameOf(reference)}`, {
        method: 'PATCH',
        path: pathOfObject(reference),
        query: { fieldManager: FIELD_MANAGER },
        contentType: 'application/merge-patch+json',
        body: JSON.stringify(patch),
      }),
    delete: (reference, options = {}) => deleteObject(connection, reference, options),
    readLog: options => readLog(connection, options),
  };
}

/** Makes a call and turns everything that is not success into a `KubernetesError`. */
export async function ask(
  connection: KubernetesConnection,
  what: string,
  request: HttpCall,
): Promise<HttpAnswer> {
  const attempt = { what, server: connection.server };
  const answer = await call(connection, request).catch((error: unknown) => {
    throw unreachable(attempt, error);
  });
  if (answer.status < 200 || answer.status > 299) throw refused(attempt, answer);
  return answer;
}

export interface ListPage {
  readonly items: readonly KubernetesObject[];
  readonly resourceVersion: string;
  readonly next: string | undefined;
}

export interface PageCall extends ListOptions {
  readonly accept?: string;
  readonly continueFrom: string | undefined;
  readonly signal?: AbortSignal;
}

/** One page of a list; `next` names the page after it. */
export async function listPage(connection: KubernetesConnection, options: PageCall): Promise<ListPage> {
  const answer = await ask(connection, `Listing ${nameOf(options)}`, {
    method: 'GET',
    path: pathOfKind(options),
    query: {
      limit: PAGE_SIZE,
      labelSelector: options.labelSelector,
      fieldSelector: options.fieldSelector,
      continue: options.continueFrom,
    },
    timeoutMs: 30_000,
    signal: options.signal,
    ...(options.accept === undefined ? {} : { accept: options.accept }),
  });
  const page = JSON.parse(answer.body) as {
    items?: KubernetesObject[];
    metadata?: { resourceVersion?: string; continue?: string };
  };
  const next = page.metadata?.continue;
  return {
    items: page.items ?? [],
    resourceVersion: page.metadata?.resourceVersion ?? '',
    next: next === '' ? undefined : next,
  };
}

async function listObjects(
  connection: KubernetesConnection,
  options: ListOptions,
): Promise<KubernetesObject[]> {
  const objects: KubernetesObject[] = [];
  let continueFrom: string | undefined;
  do {
    const page: ListPage = await listPage(connection, { ...options, continueFrom });
    // Items of a list carry neither apiVersion nor kind.
    for (const item of page.items)
      objects.push({ ...item, apiVersion: options.apiVersion, kind: options.kind });
    continueFrom = page.next;
  } while (continueFrom !== undefined);
  return objects;
}

async function getObject(
  connection: KubernetesConnection,
  reference: ObjectReference,
): Promise<KubernetesObject | undefined> {
  const what = `Reading ${nameOf(reference)}`;
  const attempt = { what, server: connection.server };
  const answer = await call(connection, { method: 'GET', path: pathOfObject(reference) }).catch(
    (error: unknown) => {
      throw unreachable(attempt, error);
    },
  );
  if (answer.status === 404) return undefined;
  if (answer.status !== 200) throw refused(attempt, answer);
  return JSON.parse(answer.body) as KubernetesObject;
}

async function deleteObject(
  connection: KubernetesConnection,
  reference: ObjectReference,
  { gracePeriodSeconds, uid }: DeleteOptions,
): Promise<void> {
  const attempt = { what: `Deleting ${nameOf(reference)}`, server: connection.server };
  const answer = await call(connection, {
    method: 'DELETE',
    path: pathOfObject(reference),
    contentType: 'application/json',
    body: JSON.stringify({
      propagationPolicy: 'Background',
      gracePeriodSeconds,
      ...(uid === undefined ? {} : { preconditions: { uid } }),
    }),
  }).catch((error: unknown) => {
    throw unreachable(attempt, error);
  });
  const isAnother = answer.status === 409 && uid !== undefined;
  if (answer.status !== 404 && !isAnother && answer.status > 299) throw refused(attempt, answer);
}

async function readLog(connection: KubernetesConnection, options: LogOptions): Promise<string> {
  const { namespace, pod, container, previous, tailLines, limitBytes } = options;
  const reference = { apiVersion: 'v1', kind: 'Pod', namespace, name: pod };
  const answer = await ask(connection, `Reading the log of container ${container} of ${nameOf(reference)}`, {
    method: 'GET',
    path: `${pathOfObject(reference)}/log`,
    query: { container, previous, tailLines, limitBytes },
    accept: '*/*',
    timeoutMs: 5000,
  });
  return answer.body;
}

function applyCall(object: KubernetesObject, options: ApplyOptions): HttpCall {
  return {
    method: 'PATCH',
    path: pathOfObject(referenceOf(object)),
    query: {
      fieldManager: options.fieldManager ?? FIELD_MANAGER,
      force: options.force === true,
      fieldValidation: 'Strict',
      ...(options.dryRun === true ? { dryRun: 'All' } : {}),
    },
    contentType: 'application/apply-patch+yaml',
    body: JSON.stringify(object),
  };
}

function wordsOf(object: KubernetesObject, options: ApplyOptions): string {
  return `${options.dryRun === true ? 'Trying out' : 'Applying'} ${nameOf(referenceOf(object))}`;
}
