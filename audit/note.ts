import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';

// https://github.com/C2SP/C2SP/blob/main/signed-note.md: a text, an empty line, and one line for each signature.
const ED25519 = Buffer.of(1);
const DASH = '\u2014';
const SPKI_HEADER = Buffer.from('302a300506032b6570032100', 'hex');

/** A key that notes are signed with. */
export interface NoteSigner {
  readonly name: string;
  readonly privateKey: KeyObject;
}

/** A public key that is believed, with its name. */
export interface NoteVerifier {
  readonly name: string;
  readonly publicKey: KeyObject;
}

/** Reads an Ed25519 private key (PKCS #8, PEM); the name becomes part of every signature. */
export function noteSigner(name: string, pem: string): NoteSigner {
  const privateKey = createPrivateKey(pem);
  if (privateKey.asymmetricKeyType !== 'ed25519') {
    throw new Error(
      `The audit is signed with Ed25519, and this is a key of type ${privateKey.asymmetricKeyType}.`,
    );
  }
  return { name, privateKey };
}

/** The public key in one line, `<name>+<key id>+<key>`, as other readers of signed notes take it. */
export function verifierLine({ name, privateKey }: NoteSigner): string {
  const raw = rawKey(createPublicKey(privateKey));
  return `${name}+${keyId(name, raw).toString('hex')}+${Buffer.concat([ED25519, raw]).toString('base64')}`;
}

/** Reads such a line; one whose id does not fit its key is refused. */
export function readVerifier(line: string): NoteVerifier {
  const match = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(line.trim());
  const [, name = '', id, encoded = ''] = match ?? [];
  const key = Buffer.from(encoded, 'base64');
  const raw = key.subarray(1);
  if (key.length !== 33 || key[0] !== 1 || keyId(name, raw).toString('hex') !== id) {
    throw new Error(
      `${JSON.stringify(line.slice(0, 80))} is not a public key of the form <name>+<key id>+<key>.`,
    );
  }
  const publicKey = createPublicKey({ key: Buffer.concat([SPKI_HEADER, raw]), format: 'der', type: 'spki' });
  return { name, publicKey };
}

/** The public half of a signer. */
export function verifierOf(signer: NoteSigner): NoteVerifier {
  return { name: signer.name, publicKey: createPublicKey(signer.privateKey) };
}

/** Signs a text, which must end with a line break. */
export function signNote(text: string, { name, privateKey }: NoteSigner): string {
  const id = keyId(name, rawKey(createPublicKey(privateKey)));
  const signature = sign(null, Buffer.from(text), privateKey);
  return `${text}\n${DASH} ${name} ${Buffer.concat([id, signature]).toString('base64')}\n`;
}

/** The text of a note that one of the believed keys has signed; nothing when none has. */
export function openNote(note: string, believed: readonly NoteVerifier[]): string | undefined {
  const end = note.lastIndexOf('\n\n');
  if (end < 0) return undefined;
  const text = note.slice(0, end + 1);
  const lines = note.slice(end + 2).split('\n');
  return lines.some(line => isGood({ line, text, believed })) ? text : undefined;
}

function isGood(of: { line: string; text: string; believed: readonly NoteVerifier[] }): boolean {
  const [, name, encoded = ''] = /^\u2014 (\S+) ([A-Za-z0-9+/=]+)$/.exec(of.line) ?? [];
  const signed = Buffer.from(encoded, 'base64');
  return of.believed.some(
    key =>
      key.name === name &&
      keyId(key.name, rawKey(key.publicKey)).equals(signed.subarray(0, 4)) &&
      verify(null, Buffer.from(of.text), key.publicKey, signed.subarray(4)),
  );
}

function keyId(name: string, raw: Buffer): Buffer {
  return createHash('sha256').update(`${name}\n`).update(ED25519).update(raw).digest().subarray(0, 4);
}

function rawKey(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'spki' }).subarray(-32);
}
