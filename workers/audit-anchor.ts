import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { noteOfLine } from '../audit/anchor-line.ts';
import type { SignedCheckpoint } from '../audit/checkpoint.ts';

/** A place outside the database that keeps checkpoints: whoever changes the database cannot change it there. */
export interface Anchor {
  /** Where it is, for messages; without credentials. */
  readonly place: string;
  /** The note kept last of a tenant, as it is there; nothing when there is none. */
  newest(tenant: string): Promise<string | undefined>;
  append(tenant: string, checkpoint: SignedCheckpoint): Promise<void>;
}

/** A folder, or the http(s) address of an object store. */
export function openAnchor(setting: string): Anchor {
  return /^https?:\/\//.test(setting) ? objectStore(setting) : folder(setting);
}

/** One file for each tenant, one line for each checkpoint, only ever added to. */
function folder(path: string): Anchor {
  const fileOf = (tenant: string) => join(path, `${tenant}.checkpoints.jsonl`);
  return {
    place: path,
    newest: async tenant => lastNote(await readEnd(fileOf(tenant))),
    append: async (tenant, checkpoint) => {
      await mkdir(path, { recursive: true, mode: 0o700 });
      const torn = !/(^|\n)$/.test(await readEnd(fileOf(tenant)));
      const line = JSON.stringify({ tenant, size: checkpoint.size, note: checkpoint.note });
      const file = await open(fileOf(tenant), 'a', 0o600);
      try {
        // Whoever was killed while writing left half a line; it must not swallow this one.
        await file.appendFile(`${torn ? '\n' : ''}${line}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
    },
  };
}

const LONGEST_END = 64 * 1024;

async function readEnd(path: string): Promise<string> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (file === undefined) return '';
  try {
    const { size } = await file.stat();
    const from = Math.max(0, size - LONGEST_END);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(LONGEST_END), 0, LONGEST_END, from);
    return buffer.subarray(0, bytesRead).toString('utf8');
  } finally {
    await file.close();
  }
}

/** Half a line is passed over: its checkpoint was not anchored. */
function lastNote(end: string): string | undefined {
  const lines = end.split('\n').slice(0, -1).reverse();
  for (const line of lines) {
    const note = noteOfLine(line);
    if (note !== undefined) return note;
  }
  return undefined;
}

const REQUEST_TIMEOUT_MS = 10_000;

/** One object for each checkpoint, `<tenant>/<size>`, and `<tenant>/latest`; user and password of the address are sent as Basic. */
function objectStore(address: string): Anchor {
  const { base, headers } = withoutCredentials(address);
  const call = (path: string, init: RequestInit) =>
    fetch(`${base}/${path}`, { ...init, headers, signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
  const put = async (path: string, body: string) => {
    const { ok, status } = await call(path, { method: 'PUT', body });
    if (!ok)
      throw new Error(`PUT ${base}/${path} was answered with ${status}; the checkpoint is not anchored.`);
  };
  return {
    place: base,
    newest: async tenant => {
      const answer = await call(`${tenant}/latest`, { method: 'GET' });
      if (answer.status === 404) return undefined;
      if (!answer.ok) throw new Error(`GET ${base}/${tenant}/latest was answered with ${answer.status}.`);
      return answer.text();
    },
    append: async (tenant, { size, note }) => {
      await put(`${tenant}/${String(size).padStart(16, '0')}`, note);
      await put(`${tenant}/latest`, note);
    },
  };
}

function withoutCredentials(address: string): { base: string; headers: Record<string, string> } {
  const url = new URL(address);
  const { username, password } = url;
  url.username = '';
  url.password = '';
  const basic = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
  return {
    base: url.href.replace(/\/+$/, ''),
    headers: username ? { authorization: `Basic ${basic.toString('base64')}` } : {},
  };
}
