import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { openCheckpoint, signCheckpoint } from './checkpoint.ts';
import { noteSigner, openNote, readVerifier, signNote, verifierLine, verifierOf } from './note.ts';
import { EMPTY_ROOT } from './tree.ts';

const pem = () =>
  generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
const signer = noteSigner('runtimeai-audit/dev', pem());
const believed = [readVerifier(verifierLine(signer))];
const signed = signCheckpoint(
  { tenant: 'acme', size: 7, root: EMPTY_ROOT, signedAt: new Date('2026-01-02T03:04:05.678Z') },
  signer,
);

test('a checkpoint is a signed note: origin, size, root, time', () => {
  const [origin, size, root, time, empty, signature] = signed.note.split('\n');
  expect([origin, size, time, empty]).toEqual([
    'runtimeai-audit/dev/acme',
    '7',
    '2026-01-02T03:04:05.678Z',
    '',
  ]);
  expect(root).toBe(EMPTY_ROOT.toString('base64'));
  expect(signature).toMatch(/^— runtimeai-audit\/dev [A-Za-z0-9+/=]{92}$/);
  expect(openCheckpoint(signed.note, believed)).toEqual(signed);
});

test.each([
  ['another size', signed.note.replace('\n7\n', '\n8\n')],
  ['another tenant', signed.note.replace('/acme', '/globex')],
  ['another time', signed.note.replace('2026', '2025')],
  ['no signature', signed.note.slice(0, signed.note.indexOf('—'))],
  ['a signature of another name', signed.note.replace('— runtimeai-audit/dev', '— runtimeai-audit/other')],
  ['nothing', ''],
])('with %s it is not believed', (_, note) => {
  expect(openCheckpoint(note, believed)).toBeUndefined();
});

test('a note of a key with the same name that is not believed is not believed', () => {
  const forged = noteSigner(signer.name, pem());
  expect(openNote(signNote('text\n', forged), believed)).toBeUndefined();
  expect(openNote(signNote('text\n', forged), [verifierOf(forged)])).toBe('text\n');
});

test('a note of something else is not a checkpoint', () => {
  expect(openCheckpoint(signNote('a\nb\nc\n', signer), believed)).toBeUndefined();
});

test('other keys than Ed25519 are refused', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  expect(() => noteSigner('x', rsa.export({ format: 'pem', type: 'pkcs8' }).toString())).toThrow('type rsa');
});

test('a public key whose id does not fit is refused', () => {
  const line = verifierLine(signer).replace(/\+[0-9a-f]{8}\+/, '+00000000+');
  expect(() => readVerifier(line)).toThrow('is not a public key');
});
