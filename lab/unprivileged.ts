import { chmodSync, chownSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { run } from './command.ts';

/** How to run a program that refuses to be root. */
export interface Unprivileged {
  /** Turns a command line into one that is not root. */
  wrap(command: string, args: string[]): { command: string; args: string[] };
  /** The identity to hand to spawn, where the kernel has to switch. */
  identity?: { uid: number; gid: number };
  /** Makes a folder belong to that identity. */
  own(folder: string): void;
}

/** The way to run a program without being root; for an ordinary user nothing changes. */
export async function asOrdinaryUser(): Promise<Unprivileged> {
  const asIs = { wrap: (command: string, args: string[]) => ({ command, args }), own: () => undefined };
  if (process.getuid?.() !== 0) return asIs;
  const { uid, gid } = serviceAccount();
  // Inside a user namespace root looks like that user, while files stay root's and a 0700 parent stays passable.
  const namespace = ['--user', `--map-user=${uid}`, `--map-group=${gid}`];
  if (await works('unshare', [...namespace, 'true'])) {
    return {
      ...asIs,
      wrap: (command, args) => ({ command: 'unshare', args: [...namespace, '--', command, ...args] }),
    };
  }
  return { ...asIs, identity: { uid, gid }, own: path => handOver(path, { uid, gid }) };
}

// The switched user has to pass through the folder above, which otherwise only root may enter.
function handOver(path: string, { uid, gid }: { uid: number; gid: number }): void {
  chownSync(path, uid, gid);
  chmodSync(dirname(path), 0o711);
}

async function works(command: string, args: string[]): Promise<boolean> {
  try {
    return (await run({ command, args })).code === 0;
  } catch {
    return false; // not installed: the other way is taken
  }
}

function serviceAccount(): { uid: number; gid: number } {
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map(line => line.split(':'));
  const user = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody');
  return { uid: Number(user?.[2] ?? 65534), gid: Number(user?.[3] ?? 65534) };
}
