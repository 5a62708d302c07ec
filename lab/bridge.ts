import { existsSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { run, runToSuccess } from './command.ts';
import type { StateFile } from './state.ts';

/** The network of one lab's real node: a bridge of its own and a subnet of its own. */
export interface NodeNetwork {
  bridge: string;
  /** The first three numbers, "10.88.3". */
  subnet: string;
}

/** Whose network it is: the alias of a bridge names the data directory it was made for. */
interface Owner {
  dataDir: string;
  state: StateFile;
}

const bases = ['10.88', '10.123', '10.211'];

/** Takes a bridge and subnet nobody on this machine uses; making the bridge is what settles it between two labs. */
export async function claimNetwork({ dataDir, state }: Owner): Promise<NodeNetwork> {
  await releaseNetwork({ dataDir, state });
  const last = state.read().network;
  const routes = await runToSuccess({ command: 'ip', args: ['-4', 'route', 'show', 'table', 'all'] });
  for (const candidate of candidates(last)) {
    if (overlaps(candidate.subnet, routes)) continue;
    const { code } = await run({ command: 'ip', args: ['link', 'add', candidate.bridge, 'type', 'bridge'] });
    if (code !== 0) continue;
    state.update(kept => {
      kept.network = candidate;
    });
    await runToSuccess({ command: 'ip', args: ['link', 'set', candidate.bridge, 'alias', dataDir] });
    await runToSuccess({
      command: 'ip',
      args: ['address', 'add', `${candidate.subnet}.1/24`, 'dev', candidate.bridge],
    });
    await runToSuccess({ command: 'ip', args: ['link', 'set', candidate.bridge, 'up'] });
    return candidate;
  }
  throw new Error(
    `No bridge could be made: every /24 tried in ${bases.join(', ')} is routed already or ip link add is not allowed`,
  );
}

/** Takes the bridge and the control groups away again, if they are still this lab's. */
export async function releaseNetwork({ dataDir, state }: Owner): Promise<void> {
  const { network } = state.read();
  if (!network || ownerOf(network.bridge) !== dataDir) return;
  await removeControlGroups(network.bridge);
  await run({ command: 'ip', args: ['link', 'delete', network.bridge] });
}

/** Whether a /24 lies in, or holds, a network that is routed; the default route counts as none. */
export function overlaps(subnet: string, routes: string): boolean {
  const start = toNumber(`${subnet}.0`);
  return [...routes.matchAll(/\b(\d+\.\d+\.\d+\.\d+)(?:\/(\d+))?/g)].some(([, address = '', bits = '32']) => {
    const size = 2 ** (32 - Number(bits));
    const first = Math.floor(toNumber(address) / size) * size;
    return first < start + 256 && start < first + size;
  });
}

function* candidates(last: NodeNetwork | undefined): Generator<NodeNetwork> {
  if (last) yield last;
  for (const [block, base] of bases.entries()) {
    for (let third = 0; third < 32; third++) {
      yield { bridge: `rtai${block * 32 + third}`, subnet: `${base}.${third}` };
    }
  }
}

function toNumber(address: string): number {
  return address.split('.').reduce((number, part) => number * 256 + Number(part), 0);
}

/** The control group under which all pods of one lab live, in every hierarchy the machine has. */
export function controlGroups(bridge: string): string[] {
  const top = '/sys/fs/cgroup';
  if (existsSync(join(top, 'cgroup.controllers'))) return [join(top, bridge)];
  return readdirSync(top).map(hierarchy => join(top, hierarchy, bridge));
}

function ownerOf(bridge: string): string | undefined {
  const alias = `/sys/class/net/${bridge}/ifalias`;
  return existsSync(alias) ? readFileSync(alias, 'utf8').trim() : undefined;
}

// The kernel needs a moment after the last process of a group has ended.
async function removeControlGroups(bridge: string): Promise<void> {
  const present = () => controlGroups(bridge).filter(folder => existsSync(folder));
  for (let attempt = 0; attempt < 40 && present().length > 0; attempt++) {
    for (const folder of present()) removeTree(folder);
    if (present().length > 0) await delay(50);
  }
}

// From the inside out; the files in a control group are the kernel's and go with it.
function removeTree(folder: string): void {
  const inner = readdirSync(folder, { withFileTypes: true }).filter(entry => entry.isDirectory());
  for (const { name } of inner) removeTree(join(folder, name));
  try {
    rmdirSync(folder);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code !== 'EBUSY' && code !== 'ENOTEMPTY' && code !== 'ENOENT') throw error;
  }
}
