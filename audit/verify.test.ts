import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AuditRecord } from '../domain/audit.ts';
import { signCheckpoint } from './checkpoint.ts';
import { completeRecord } from './complete.ts';
import type { ExportHeader, ExportLine } from './export-format.ts';
import { leafHash } from './leaf.ts';
import { type NoteSigner, noteSigner, verifierOf } from './note.ts';
import { grow, rootOf, type Subtree, subtreesOf } from './tree.ts';
import { type VerifyInput, verifyExport } from './verify.ts';

const newSigner = () =>
  noteSigner(
    'runtimeai-audit/dev',
    generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
  );
const signer = newSigner();

const recordsOf = (count: number): AuditRecord[] =>
  Array.from({ length: count }, (_, index) => ({
    ...completeRecord({
      actor: { id: 'prn_ada', name: 'Ada', kind: 'human', on_behalf_of: null, credential: null },
      action: 'deploy.begin',
      object: { kind: 'runtime', id: `rt_${index}`, name: null },
      outcome: 'accepted',
      reason: `record ${index}`,
    }),
    tenant_id: 'acme',
  }));

interface Made {
  readonly records: readonly AuditRecord[];
  readonly sizes: readonly number[];
  readonly key?: NoteSigner;
  readonly part?: { readonly begin: number; readonly end: number };
}

const SINCE = '2026-01-01T00:00:00.000Z';
const UNTIL = '2026-02-01T00:00:00.000Z';

/** What the sealer and the exporter would have made of the records: checkpoints of these sizes, the last one over all. */
function exportOf({ records, sizes, key = signer, part }: Made): { lines: ExportLine[]; notes: string[] } {
  const leaves = records.map((record, index) => ({ level: 0, position: index, hash: leafHash(record) }));
  const size = records.length;
  const { begin, end } = part ?? { begin: 0, end: size };
  const all = [...leaves, ...grow([], leaves).made];
  const hashes = (range: { begin: number; end: number }) =>
    subtreesOf(range).map(({ level, position }) => {
      const found = all.find(node => node.level === level && node.position === position);
      return found?.hash.toString('base64') ?? '';
    });
  const notes = sizes.map(each => {
    const standing: readonly Subtree[] = grow([], leaves.slice(0, each)).standing;
    const signedAt = new Date();
    return signCheckpoint({ tenant: 'acme', size: each, root: rootOf(standing), signedAt }, key).note;
  });
  const header: ExportHeader = {
    format: 'runtimeai-audit-export/1',
    tenant: 'acme',
    since: part && begin > 0 ? SINCE : null,
    until: part && end < size ? UNTIL : null,
    begin,
    end,
    size,
    checkpoint: notes.at(-1) ?? null,
    left: hashes({ begin: 0, end: begin }),
    right: hashes({ begin: end, end: size }),
  };
  const lines: ExportLine[] = [header];
  for (const [sequence, record] of records.entries()) {
    if (sequence < begin || sequence >= end) continue;
    lines.push({ sequence, leaf: leafHash(record).toString('base64'), record });
    const note = notes[sizes.indexOf(sequence + 1)];
    if (note !== undefined) lines.push({ checkpoint: note });
  }
  lines.push({ end: true, lines: lines.length + 1 });
  return { lines, notes };
}

async function* texts(lines: readonly (ExportLine | string)[]): AsyncGenerator<string> {
  for (const line of lines) yield typeof line === 'string' ? line : JSON.stringify(line);
}

const verify = (lines: readonly (ExportLine | string)[], more: Partial<VerifyInput> = {}) =>
  verifyExport({ lines: texts(lines), believed: [verifierOf(signer)], anchors: [], ...more });

const kindsOf = async (...given: Parameters<typeof verify>) =>
  (await verify(...given)).findings.map(({ kind, from, to }) => [kind, from, to]);

const records = recordsOf(10);
const whole = exportOf({ records, sizes: [4, 7, 10] });

/** The lines with a change to those of records; the count in the last line is made to fit. */
function changed(change: (lines: ExportLine[]) => ExportLine[], of = whole.lines): ExportLine[] {
  const lines = change(structuredClone(of).slice(0, -1));
  return [...lines, { end: true, lines: lines.length + 1 }];
}

const at = (lines: ExportLine[], sequence: number) =>
  lines.findIndex(line => 'sequence' in line && line.sequence === sequence);

/** Who also makes the leaf of the changed record fit. */
function rewrite(lines: ExportLine[], sequence: number, record: AuditRecord): ExportLine[] {
  lines[at(lines, sequence)] = { sequence, leaf: leafHash(record).toString('base64'), record };
  return lines;
}

function renumber(lines: ExportLine[]): ExportLine[] {
  let next = 0;
  return lines.map(line => {
    if (!('sequence' in line)) return line;
    next += 1;
    return { ...line, sequence: next - 1 };
  });
}

describe('an export that nobody touched', () => {
  test('is whole, with and without its anchors', async () => {
    expect(await verify(whole.lines)).toMatchObject({
      records: 10,
      checkpoints: 4,
      anchors: 0,
      findings: [],
    });
    const anchored = await verify(whole.lines, { anchors: whole.notes });
    expect(anchored).toMatchObject({ anchors: 3, provenTo: { size: 10 }, findings: [] });
  });

  test('is whole also as any part of the audit', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(10), fc.nat(10), async (one, other) => {
        const part = { begin: Math.min(one, other), end: Math.max(one, other) };
        const { lines, notes } = exportOf({ records, sizes: [4, 7, 10], part });
        const report = await verify(lines, { anchors: notes });
        const since = part.begin > 0 ? SINCE : null;
        const until = part.end < 10 ? UNTIL : null;
        expect(report).toMatchObject({ records: part.end - part.begin, since, until, findings: [] });
      }),
    );
  });

  test('is whole when records wait to be sealed, for a while', async () => {
    const [waiting] = recordsOf(1);
    if (waiting === undefined) throw new Error('no record');
    const lines = changed(all => [...all, { unsealed: waiting }]);
    expect(await verify(lines)).toMatchObject({ unsealed: 1, findings: [] });
    const later = new Date(Date.now() + 1_000);
    expect(await kindsOf(lines, { sealedBefore: later })).toEqual([['unsealed', undefined, undefined]]);
  });
});

describe('tampering is found, and where', () => {
  const [first, forged] = recordsOf(2);
  if (first === undefined || forged === undefined) throw new Error('no records');

  test('edit of a record', async () => {
    const lines = changed(all => {
      const line = all[at(all, 5)];
      if (line && 'record' in line) line.record.reason = 'something else';
      return all;
    });
    const { findings } = await verify(lines);
    expect(findings).toMatchObject([{ kind: 'edited', from: 5, to: 6, recordId: records[5]?.id }]);
  });

  test('edit of a record with a new hash: between which checkpoints', async () => {
    expect(await kindsOf(changed(all => rewrite(all, 5, forged)))).toEqual([['rewritten', 4, 7]]);
  });

  test('a field put into a record', async () => {
    const lines = changed(all => {
      const line = all[at(all, 2)];
      if (line && 'record' in line) Object.assign(line.record, { approved: true });
      return all;
    });
    expect(await kindsOf(lines)).toEqual([['edited', 2, 3]]);
  });

  test('drop of a record', async () => {
    expect(await kindsOf(changed(all => all.filter((_, index) => index !== at(all, 5))))).toEqual([
      ['missing', 5, 6],
    ]);
  });

  test('drop of a record, the others counted anew', async () => {
    const lines = changed(all => renumber(all.filter((_, index) => index !== at(all, 5))));
    expect((await kindsOf(lines))[0]).toEqual(['reordered', 4, 7]);
  });

  test('insertion of a record under a sequence that is taken', async () => {
    const lines = changed(all => {
      const line = { sequence: 5, leaf: leafHash(forged).toString('base64'), record: forged };
      return all.toSpliced(at(all, 5) + 1, 0, line);
    });
    expect(await kindsOf(lines)).toEqual([['reordered', 5, 6]]);
  });

  test('insertion of a record, the others counted anew', async () => {
    const line = { sequence: 0, leaf: leafHash(forged).toString('base64'), record: forged };
    const lines = changed(all => renumber(all.toSpliced(at(all, 5), 0, line)));
    expect((await kindsOf(lines))[0]).toEqual(['reordered', 4, 8]);
  });

  test('insertion of a record at the end', async () => {
    const line = { sequence: 10, leaf: leafHash(forged).toString('base64'), record: forged };
    expect((await kindsOf(changed(all => [...all, line])))[0]).toEqual(['rewritten', 10, 10]);
  });

  test('the same record twice', async () => {
    const lines = changed(all => all.toSpliced(at(all, 5), 0, ...all.slice(at(all, 5), at(all, 5) + 1)));
    expect(await kindsOf(lines)).toEqual([['inserted', 5, 6]]);
  });

  test('records of another tenant', async () => {
    expect((await kindsOf(changed(all => rewrite(all, 5, { ...forged, tenant_id: 'globex' }))))[0]).toEqual([
      'inserted',
      undefined,
      undefined,
    ]);
  });

  test('two records in each other’s place', async () => {
    const swap = (all: ExportLine[]) => {
      const [one, other] = [all[at(all, 5)], all[at(all, 6)]];
      return one && other ? all.toSpliced(at(all, 5), 2, other, one) : all;
    };
    expect(await kindsOf(changed(swap))).toEqual([
      ['missing', 5, 6],
      ['reordered', 5, 6],
    ]);
    expect(await kindsOf(changed(all => renumber(swap(all))))).toEqual([['rewritten', 4, 7]]);
  });

  test('an end that is cut off', async () => {
    expect(await kindsOf(whole.lines.slice(0, -4))).toEqual([
      ['truncated', 8, 10],
      ['missing', 8, 10],
    ]);
  });

  test('an end that is cut off where a checkpoint is, by who made head and end fit', async () => {
    const shorter = exportOf({ records: records.slice(0, 7), sizes: [4, 7] });
    expect(await kindsOf(shorter.lines)).toEqual([]);
    expect(await kindsOf(shorter.lines, { anchors: whole.notes })).toEqual([['truncated', 7, 10]]);
  });

  test('a part that passes for the whole, by who has the hashes of what was left out', async () => {
    const claimedWhole = (part: { begin: number; end: number }) => {
      const { lines, notes } = exportOf({ records, sizes: [4, 7, 10], part });
      return kindsOf([{ ...(lines[0] as ExportHeader), since: null, until: null }, ...lines.slice(1)], {
        anchors: notes,
      });
    };
    expect(await claimedWhole({ begin: 0, end: 7 })).toEqual([['truncated', 7, 10]]);
    expect(await claimedWhole({ begin: 4, end: 10 })).toEqual([['truncated', 0, 4]]);
  });

  test('a checkpoint that was taken out, by the anchor', async () => {
    const lines = changed(all =>
      all.filter((line, index) => !('checkpoint' in line && index === at(all, 6) + 1)),
    );
    expect(await kindsOf(lines)).toEqual([]);
    const { findings } = await verify(lines, { anchors: whole.notes });
    expect(findings).toMatchObject([{ kind: 'missing', message: expect.stringContaining('of 7 records') }]);
  });

  test('a whole new tree, signed with another key', async () => {
    const forgery = exportOf({ records: recordsOf(10), sizes: [4, 7, 10], key: newSigner() });
    const { findings, provenTo } = await verify(forgery.lines, { anchors: whole.notes });
    expect(new Set(findings.map(({ kind }) => kind))).toEqual(new Set(['unsigned', 'forked']));
    expect(provenTo).toBeNull();
  });

  test('a whole new tree, signed with the stolen key: by the anchor alone', async () => {
    const others = [...records.slice(0, 5), ...recordsOf(5)];
    const forgery = exportOf({ records: others, sizes: [4, 7, 10] });
    expect(await kindsOf(forgery.lines)).toEqual([]);
    expect(await kindsOf(forgery.lines, { anchors: whole.notes })).toEqual([['forked', 4, 7]]);
  });

  test('a part that is not one of the whole', async () => {
    const others = exportOf({ records: recordsOf(10), sizes: [10], part: { begin: 3, end: 6 } });
    const [head] = exportOf({ records, sizes: [10], part: { begin: 3, end: 6 } }).lines;
    const lines = [...(head ? [head] : []), ...others.lines.slice(1)];
    expect(await kindsOf(lines)).toEqual([['rewritten', 3, 10]]);
  });

  test('lines that are none, and lines behind the end', async () => {
    const lines = [
      ...whole.lines.slice(0, 3),
      '{"sequence": 2, "le',
      ...whole.lines.slice(3),
      '{"end":true,"lines":1}',
    ];
    expect(new Set((await kindsOf(lines)).map(([kind]) => kind))).toEqual(new Set(['garbled', 'inserted']));
  });

  test('nothing at all', async () => {
    await expect(verify([])).rejects.toThrow('The export is empty');
    await expect(verify(['{}'])).rejects.toThrow('not the head of an audit export');
  });
});

describe('what is older than the retention', () => {
  const old = records.map((record, index) => ({
    ...record,
    at: index < 3 ? '2019-01-01T00:00:00.000Z' : record.at,
  }));
  const exported = exportOf({ records: old, sizes: [4, 10] });
  const drop = (sequences: readonly number[], from: string) =>
    changed(
      all =>
        all.map(line =>
          'record' in line && sequences.includes(line.sequence)
            ? { sequence: line.sequence, leaf: line.leaf, record_id: line.record.id, at: from }
            : line,
        ),
      exported.lines,
    );
  const droppedBefore = new Date('2020-01-01');

  test('may be gone; its places prove the rest', async () => {
    const lines = drop([0, 1, 2], '2019-01-01T00:00:00.000Z');
    expect(await verify(lines, { droppedBefore, anchors: exported.notes })).toMatchObject({
      dropped: 3,
      provenTo: { size: 10 },
      findings: [],
    });
  });

  test('may not be gone when nobody said so, nor anything that lies behind younger records, whatever time it is given', async () => {
    expect(await kindsOf(drop([1], '2019-01-01T00:00:00.000Z'))).toEqual([['missing', 1, 2]]);
    expect(await kindsOf(drop([6], '2019-01-01T00:00:00.000Z'), { droppedBefore })).toEqual([
      ['missing', 6, 7],
    ]);
  });
});

test('any change of any byte of a record is found', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(9), fc.nat(), fc.integer({ min: 1, max: 0x5e }), async (sequence, where, by) => {
      const index = at(whole.lines, sequence);
      const text = JSON.stringify(whole.lines[index]);
      const start = text.indexOf('"record":') + 9;
      const place = start + (where % (text.length - start - 1));
      const byte = String.fromCharCode(0x20 + ((text.charCodeAt(place) - 0x20 + by) % 0x5f));
      const tampered = text.slice(0, place) + byte + text.slice(place + 1);
      const { findings } = await verify([
        ...whole.lines.slice(0, index),
        tampered,
        ...whole.lines.slice(index + 1),
      ]);
      expect(findings.length).toBeGreaterThan(0);
    }),
    { numRuns: 300 },
  );
});
