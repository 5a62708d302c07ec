import { Agent, request } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';

/** The few requests the lab itself makes to its API server. */
export interface KubernetesApi {
  /** Any request; an answer of 400 or more is an error of type KubernetesError. */
  send(method: Method, path: string, body?: unknown): Promise<unknown>;
  /** The answer as it came, for what is no JSON. */
  text(path: string): Promise<string>;
  /** Whether a path answers 200. */
  answers(path: string): Promise<boolean>;
  close(): void;
}

/** What the API server refused, and why. */
class KubernetesError extends Error {
  readonly status: number;

  constructor({
    method,
    path,
    status,
    text,
  }: { method: string; path: string; status: number; text: string }) {
    super(`${method} ${path} answered ${status}: ${text.slice(0, 400)}`);
    this.status = status;
  }
}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH';

/** Talks to the API server at this address as the bearer of this token. */
export function kubernetesApi({
  server,
  token,
  ca,
}: {
  server: string;
  token: string;
  ca: string;
}): KubernetesApi {
  const agent = new Agent({ keepAlive: true, ca, maxSockets: 10 });
  const call = (method: Method, path: string, body?: unknown) =>
    exchange({ agent, server, token, method, path, body });
  return {
    async send(method, path, body) {
      const { status, text } = await call(method, path, body);
      if (status >= 400) throw new KubernetesError({ method, path, status, text });
      return text === '' ? undefined : JSON.parse(text);
    },
    text: async path => (await call('GET', path)).text,
    async answers(path) {
      return (await call('GET', path)).status === 200;
    },
    close: () => agent.destroy(),
  };
}

/** Sends, and takes one of these refusals for an answer: undefined. */
export async function sendUnless(refusal: 404 | 409, send: () => Promise<unknown>): Promise<unknown> {
  try {
    return await send();
  } catch (error) {
    if (error instanceof KubernetesError && error.status === refusal) return undefined;
    throw error;
  }
}

/** Asks until the answer is yes; the error says what was waited for and the last thing known of it. */
export async function waitFor(
  what: string,
  { until, seconds, signal }: { until: () => Promise<true | string>; seconds: number; signal: AbortSignal },
): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  let last = await until();
  for (; last !== true; last = await until()) {
    signal.throwIfAborted();
    if (Date.now() > deadline) throw new Error(`Waited ${seconds} s for ${what}; last seen: ${last}`);
    await delay(100);
  }
}

interface Exchange {
  agent: Agent;
  server: string;
  token: string;
  method: Method;
  path: string;
  body: unknown;
}

function exchange({
  agent,
  server,
  token,
  method,
  path,
  body,
}: Exchange): Promise<{ status: number; text: string }> {
  const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': type,
    accept: 'application/json, text/plain',
  };
  return new Promise((resolve, reject) => {
    const sent = request(new URL(path, server), { method, agent, headers, timeout: 20_000 }, response => {
      let text = '';
      response.setEncoding('utf8').on('data', chunk => {
        text += chunk;
      });
      response.once('error', reject);
      response.once('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.once('timeout', () => sent.destroy(new Error(`${method} ${path}: no answer in 20 s`)));
    sent.once('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
