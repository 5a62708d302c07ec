import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** A real Keycloak on this machine, with nothing kept. */
export interface Keycloak {
  readonly url: string;
  /** Makes a realm of a description as Keycloak exports it; answers its issuer. */
  makeRealm(realm: { readonly realm: string }): Promise<string>;
  stop(): Promise<void>;
}

const ADMIN = { username: 'admin', password: 'only in this test' };
const READY_WITHIN_MS = 180_000;

/** Starts Keycloak from the folder of its unpacked distribution; it takes about a minute, and Java. */
export async function startKeycloak(home: string): Promise<Keycloak> {
  const port = await freePort();
  const args = ['start-dev', '--db=dev-mem', '--cache=local', '--http-host=127.0.0.1', `--http-port=${port}`];
  const child = spawn(join(home, 'bin', 'kc.sh'), args, {
    detached: true,
    stdio: 'ignore',
    env: {
      ...process.env,
      JAVA_OPTS_APPEND: '-Xmx512m',
      KC_BOOTSTRAP_ADMIN_USERNAME: ADMIN.username,
      KC_BOOTSTRAP_ADMIN_PASSWORD: ADMIN.password,
    },
  });
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    const ended = once(child, 'exit');
    process.kill(-child.pid, 'SIGKILL');
    await ended;
  };
  const url = `http://127.0.0.1:${port}`;
  try {
    await untilReady(url, () => child.exitCode);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, stop, makeRealm: realm => makeRealm(url, realm) };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function untilReady(url: string, exitCode: () => number | null): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS;
  while (!(await answers(`${url}/realms/master`))) {
    if (exitCode() !== null) throw new Error(`Keycloak ended with ${exitCode()} before it was ready.`);
    if (performance.now() > deadline) throw new Error(`Keycloak at ${url} was not ready in time.`);
    await delay(500);
  }
}

async function answers(address: string): Promise<boolean> {
  try {
    return (await fetch(address)).ok;
  } catch (error) {
    // It does not listen yet.
    if (error instanceof TypeError) return false;
    throw error;
  }
}

async function makeRealm(url: string, realm: { readonly realm: string }): Promise<string> {
  const token = await tokenOf(`${url}/realms/master`, {
    grant_type: 'password',
    client_id: 'admin-cli',
    ...ADMIN,
  });
  const response = await fetch(`${url}/admin/realms`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token.access_token}`, 'content-type': 'application/json' },
    body: JSON.stringify(realm),
  });
  if (!response.ok) throw new Error(`Keycloak made no realm: ${response.status} ${await response.text()}`);
  return `${url}/realms/${realm.realm}`;
}

/** The tokens an issuer answers to a form. */
export async function tokenOf(
  issuer: string,
  form: Readonly<Record<string, string>>,
): Promise<{ access_token: string; id_token?: string; refresh_token?: string }> {
  const response = await fetch(`${issuer}/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams(form),
  });
  if (!response.ok) throw new Error(`${issuer} gave no token: ${response.status} ${await response.text()}`);
  return (await response.json()) as { access_token: string };
}
