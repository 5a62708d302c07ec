import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { runToSuccess } from './command.ts';
import { writePrivately } from './secrets.ts';

/** Certificates to issue, all signed by the lab's own authority in `ca.crt`. */
export interface Wanted {
  /** File name to the addresses and names it serves. */
  servers?: Record<string, string[]>;
  /** File name to the user it stands for. */
  clients?: Record<string, string>;
}

/** Issues certificates into a folder as FILE.crt and FILE.key; the authority there is kept when there is one. */
export async function issueCertificates(
  program: string,
  folder: string,
  { servers = {}, clients = {} }: Wanted,
): Promise<void> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  await runToSuccess({
    command: program,
    args: [
      ...['-dir', folder],
      ...Object.entries(servers).flatMap(([file, hosts]) => ['-server', `${file}=${hosts.join(',')}`]),
      ...Object.entries(clients).flatMap(([file, user]) => ['-client', `${file}=${user}`]),
    ],
  });
}

/** The key pair with which the cluster signs the tokens of service accounts; kept, so that tokens stay valid. */
export function keepServiceAccountKeys(folder: string): { privateKey: string; publicKey: string } {
  const paths = {
    privateKey: join(folder, 'service-accounts.key'),
    publicKey: join(folder, 'service-accounts.pub'),
  };
  if (existsSync(paths.privateKey) && existsSync(paths.publicKey)) return paths;
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  writePrivately(paths.publicKey, String(pair.publicKey.export({ type: 'spki', format: 'pem' })));
  writePrivately(paths.privateKey, String(pair.privateKey.export({ type: 'pkcs8', format: 'pem' })));
  return paths;
}
