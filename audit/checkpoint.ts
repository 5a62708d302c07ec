import { type NoteSigner, type NoteVerifier, openNote, signNote } from './note.ts';

/** What was in the audit of a tenant at a time: so many records, under this root. */
export interface Checkpoint {
  /** Whose: the name of the key, and the tenant. */
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
  readonly signedAt: Date;
}

/** A checkpoint and the signed note it came in. */
export interface SignedCheckpoint extends Checkpoint {
  readonly note: string;
}

/** The name of the key of an installation. */
export function keyName(installation: string): string {
  return `runtimeai-audit/${installation}`;
}

/** What the first line of a tenant’s checkpoints says. */
export function originFor(name: string, tenant: string): string {
  return `${name}/${tenant}`;
}

/** Signs a checkpoint as a note of https://github.com/C2SP/C2SP/blob/main/tlog-checkpoint.md; its fourth line is the time. */
export function signCheckpoint(
  { tenant, size, root, signedAt }: { tenant: string } & Omit<Checkpoint, 'origin'>,
  signer: NoteSigner,
): SignedCheckpoint {
  const origin = originFor(signer.name, tenant);
  const text = `${origin}\n${size}\n${root.toString('base64')}\n${signedAt.toISOString()}\n`;
  return { origin, size, root, signedAt, note: signNote(text, signer) };
}

/** Reads a note that one of the believed keys has signed; nothing when none has, or it is no checkpoint. */
export function openCheckpoint(
  note: string,
  believed: readonly NoteVerifier[],
): SignedCheckpoint | undefined {
  const text = openNote(note, believed);
  return text === undefined ? undefined : parse(text, note);
}

/** Reads a note without looking at its signature, for what is compared rather than believed. */
export function readCheckpoint(note: string): SignedCheckpoint | undefined {
  const end = note.lastIndexOf('\n\n');
  return end < 0 ? undefined : parse(note.slice(0, end + 1), note);
}

function parse(text: string, note: string): SignedCheckpoint | undefined {
  const [origin = '', size = '', encoded = '', time = ''] = text.split('\n');
  const root = Buffer.from(encoded, 'base64');
  const signedAt = new Date(time);
  if (!/^(0|[1-9][0-9]{0,15})$/.test(size) || root.length !== 32 || Number.isNaN(signedAt.getTime()))
    return undefined;
  return { origin, size: Number(size), root, signedAt, note };
}
