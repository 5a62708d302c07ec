import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Client } from '@temporalio/client';
import { Registry } from 'prom-client';
import { createApp } from '../../api/app.ts';
import type { ApiParts } from '../../api/services.ts';
import { createLog } from '../../process/log.ts';
import { createTemporalClient } from '../../temporal/client.ts';
import type { TenantsFixture } from './tenants.ts';

/** The API on a port of its own, and a way to call it. */
export interface TestServer {
  readonly url: string;
  readonly app: NestFastifyApplication;
  readonly registry: Registry;
  /** Every line it has logged so far. */
  readonly logged: string[];
  call(request: TestRequest): Promise<Answer>;
  close(): Promise<void>;
}

export interface TestRequest {
  readonly method?: string;
  /** Below the root, with /v1. */
  readonly path: string;
  readonly key?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever was answered
  readonly body: any;
}

/** Nothing listens here, so that Temporal is away. */
export const NOWHERE = '127.0.0.1:1';

/** Starts the API over a database; without a Temporal client it believes Temporal to be at an address where nothing is. */
export async function startServer(
  fixture: Pick<TenantsFixture, 'database' | 'changes'>,
  temporal?: Client,
  options: Pick<ApiParts, 'rateLimitPerMinute' | 'issuers'> = {},
): Promise<TestServer> {
  const logged: string[] = [];
  const registry = new Registry();
  const app = await createApp({
    ...fixture,
    temporal: temporal ?? createTemporalClient({ address: NOWHERE, namespace: 'default' }),
    log: createLog('api', 'debug', { write: line => void logged.push(line) }),
    registry,
    factsMaxAgeSeconds: 15,
    temporalUiUrl: 'http://127.0.0.1:8233',
    ...options,
  });
  await app.listen(0, '127.0.0.1');
  const url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
  return { url, app, registry, logged, call: request => call(url, request), close: () => app.close() };
}

async function call(url: string, { method, path, key, body, headers }: TestRequest): Promise<Answer> {
  const response = await fetch(url + path, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = /json(;|$)/.test(response.headers.get('content-type') ?? '');
  return {
    status: response.status,
    headers: response.headers,
    body: isJson && text ? JSON.parse(text) : text,
  };
}
