import { createServer } from 'node:net';
import type { StateFile } from './state.ts';

const taken = new Set<number>();

/** A loopback port for one part: the one it had last time, else its usual one, else any; remembered. */
export async function choosePort({
  name,
  usual,
  state,
}: {
  name: string;
  usual: number;
  state: StateFile;
}): Promise<number> {
  const last = state.read().ports[name];
  for (const wanted of [last, usual]) {
    if (wanted !== undefined && (await reserve(wanted))) return remember({ name, port: wanted, state });
  }
  return remember({ name, port: await reserveAny(), state });
}

/** Whether nothing listens on this loopback port. */
export async function isFree(port: number): Promise<boolean> {
  return (await listenOnce(port)) !== undefined;
}

/** Gives the ports of a stopped lab back, so that the next start in this process may have them. */
export function releasePorts(state: StateFile): void {
  for (const port of Object.values(state.read().ports)) taken.delete(port);
}

async function reserve(port: number): Promise<boolean> {
  if (taken.has(port)) return false;
  taken.add(port);
  if (await isFree(port)) return true;
  taken.delete(port);
  return false;
}

async function reserveAny(): Promise<number> {
  for (;;) {
    const port = await listenOnce(0);
    if (port === undefined) throw new Error('No free port on 127.0.0.1; end something that listens there.');
    if (taken.has(port)) continue;
    taken.add(port);
    return port;
  }
}

function remember({ name, port, state }: { name: string; port: number; state: StateFile }): number {
  state.update(kept => {
    kept.ports[name] = port;
  });
  return port;
}

function listenOnce(port: number): Promise<number | undefined> {
  return new Promise(resolve => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : undefined));
    });
  });
}
