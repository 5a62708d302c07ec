import { isSafeAddress } from '../../domain/identity.ts';
import { type Claims, isObject } from './compact-token.ts';

const TIMEOUT_MS = 5_000;
const MOST_BYTES = 262_144;

/** Reads a JSON object from an issuer: over https or on this machine, without redirects, bounded in size and time. */
export async function fetchJson(address: string): Promise<Claims> {
  if (!isSafeAddress(address)) throw new Error(`${address} is neither https nor http on this machine.`);
  const response = await fetch(address, {
    redirect: 'error',
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`GET ${address} answered ${response.status}.`);
  }
  const value: unknown = JSON.parse(await boundedText(response, address));
  if (!isObject(value)) throw new Error(`GET ${address} answered no JSON object.`);
  return value;
}

async function boundedText(response: Response, address: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    // Leaving the loop closes the connection.
    if (bytes > MOST_BYTES) throw new Error(`GET ${address} answered more than ${MOST_BYTES} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
