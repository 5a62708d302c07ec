import { CheckpointComparison } from './checkpoint-comparison.ts';
import { ExportHeader, ReadLine } from './export-format.ts';
import type { Finding, VerifyReport } from './findings.ts';
import { canonicalText, leafOf } from './leaf.ts';
import type { NoteVerifier } from './note.ts';

/** What an export is held against. */
export interface VerifyInput {
  readonly lines: AsyncIterable<string>;
  readonly believed: readonly NoteVerifier[];
  /** Checkpoints kept outside the database, as their notes. */
  readonly anchors: readonly string[];
  /** Records older than this may be gone; without it none may. */
  readonly droppedBefore?: Date | undefined;
  /** Since when a record should have been sealed; those before that are not sealed are a finding. */
  readonly sealedBefore?: Date | undefined;
}

/** Reads an export line by line and says everything that is wrong with it, and where. */
export async function verifyExport(input: VerifyInput): Promise<VerifyReport> {
  const verification = new Verification(input);
  for await (const line of input.lines) if (line.trim() !== '') verification.read(line);
  return verification.end();
}

const MOST_FINDINGS = 100;
const A_DAY_MS = 24 * 3600 * 1000;

type LineWith<Key extends string> = Extract<ReadLine, Record<Key, unknown>>;
type Leaf = LineWith<'sequence'>;

class Verification {
  readonly #input: VerifyInput;
  readonly #findings: Finding[] = [];
  readonly #counts = { records: 0, unsealed: 0, dropped: 0 };
  readonly #ids = new Set<string>();
  #begun: { readonly header: ExportHeader; readonly comparison: CheckpointComparison } | undefined;
  #lines = 0;
  #ended = false;
  /** The sequence that must come next. */
  #next = 0;
  #retentionOver = false;

  constructor(input: VerifyInput) {
    this.#input = input;
  }

  read(text: string): void {
    this.#lines += 1;
    const json = parsed(text);
    if (this.#begun === undefined) return void this.#begin(json);
    const line = ReadLine.safeParse(json);
    if (!line.success) return void this.#garbled();
    if (this.#ended)
      this.#find({ kind: 'inserted', message: `Line ${this.#lines} stands behind the end of the export.` });
    this.#take(line.data, this.#begun.comparison);
  }

  end(): VerifyReport {
    if (this.#begun === undefined) throw new Error('The export is empty: not even its first line is there.');
    const { header, comparison } = this.#begun;
    if (!this.#ended) this.#cutOff(header);
    if (this.#next < header.end) this.#missing(header.end);
    comparison.end();
    const { agreed, provenTo } = comparison;
    const { tenant, since, until } = header;
    return { tenant, since, until, ...this.#counts, ...agreed, provenTo, findings: this.#findings };
  }

  #begin(json: unknown): void {
    const { success, data: header, error } = ExportHeader.safeParse(json);
    if (!success) throw new Error(`The first line is not the head of an audit export: ${error.message}`);
    const find = (finding: Finding) => this.#find(finding);
    this.#begun = { header, comparison: new CheckpointComparison(header, { ...this.#input, find }) };
    this.#next = header.begin;
    this.#refusePartAsWhole(header);
  }

  /** Whoever leaves records out can still give the hashes over them, as an export of a time does. */
  #refusePartAsWhole({ since, until, begin, end, size }: ExportHeader): void {
    const leftOut = [
      ...(since === null && begin > 0 ? [{ from: 0, to: begin }] : []),
      ...(until === null && end < size ? [{ from: end, to: size }] : []),
    ];
    for (const { from, to } of leftOut)
      this.#find({
        kind: 'truncated',
        from,
        to,
        message: `Sequences ${from} to ${to - 1} were left out, though no time was named that would leave them out.`,
      });
  }

  #take(line: ReadLine, comparison: CheckpointComparison): void {
    if ('end' in line) this.#atEnd(line);
    else if ('checkpoint' in line) comparison.checkpoint(line.checkpoint, this.#next);
    else if ('unsealed' in line) this.#unsealed(line);
    else this.#leaf(line, comparison);
  }

  #atEnd({ lines }: LineWith<'end'>): void {
    this.#ended = true;
    if (lines === this.#lines) return;
    this.#find({
      kind: lines > this.#lines ? 'missing' : 'inserted',
      message: `The export was written with ${lines} lines and has ${this.#lines}.`,
    });
  }

  #unsealed({ unsealed }: LineWith<'unsealed'>): void {
    this.#counts.unsealed += 1;
    this.#refuseStray(unsealed);
    const { sealedBefore } = this.#input;
    if (sealedBefore === undefined || new Date(unsealed.at) >= sealedBefore) return;
    this.#find({
      kind: 'unsealed',
      recordId: unsealed.id,
      message: `Record ${unsealed.id} of ${unsealed.at} has never been sealed: it was put in past the application, or sealing has stopped.`,
    });
  }

  #leaf(line: Leaf, comparison: CheckpointComparison): void {
    const { sequence } = line;
    if (sequence < this.#next) return void this.#outOfOrder(line);
    if (sequence > this.#next) this.#missing(sequence);
    this.#next = sequence + 1;
    if ('record' in line) this.#record(line);
    else this.#dropped(line);
    comparison.add(sequence, Buffer.from(line.leaf, 'base64'));
  }

  #record({ sequence, leaf, record }: Extract<Leaf, { record: unknown }>): void {
    this.#counts.records += 1;
    this.#refuseStray(record);
    const { droppedBefore } = this.#input;
    if (droppedBefore && new Date(record.at).getTime() > droppedBefore.getTime() + A_DAY_MS)
      this.#retentionOver = true;
    if (leafOf(canonicalText(record)).toString('base64') === leaf) return;
    this.#find({
      kind: 'edited',
      ...only(sequence),
      recordId: record.id,
      message: `Record ${record.id} (sequence ${sequence}) was edited: it does not hash to what was sealed.`,
    });
  }

  /** The times of what is gone are not proven; but it lies before everything that is younger than the retention. */
  #dropped({ sequence, record_id, at }: Extract<Leaf, { record_id: string }>): void {
    this.#counts.dropped += 1;
    const { droppedBefore } = this.#input;
    if (droppedBefore && new Date(at) < droppedBefore && !this.#retentionOver) return;
    this.#find({
      kind: 'missing',
      ...only(sequence),
      recordId: record_id,
      message: `Record ${record_id} (sequence ${sequence}, ${at}) is gone, and is not older than the retention.`,
    });
  }

  #outOfOrder(line: Leaf): void {
    const { sequence } = line;
    const recordId = 'record' in line ? line.record.id : line.record_id;
    const twice = this.#ids.has(recordId);
    this.#ids.add(recordId);
    this.#find({
      kind: twice ? 'inserted' : 'reordered',
      ...only(sequence),
      recordId,
      message: `Record ${recordId} claims sequence ${sequence}, which has passed: it was ${twice ? 'put in a second time' : 'put in or moved'}.`,
    });
  }

  #missing(to: number): void {
    const from = this.#next;
    const which = to - from === 1 ? `Sequence ${from} is` : `Sequences ${from} to ${to - 1} are`;
    this.#find({ kind: 'missing', from, to, message: `${which} missing.` });
    this.#begun?.comparison.lose();
    this.#next = to;
  }

  #cutOff({ end }: ExportHeader): void {
    this.#find({
      kind: 'truncated',
      from: this.#next,
      to: end,
      message: `The export was cut off: its last line is missing. It stops before sequence ${this.#next} and was to go up to ${end}.`,
    });
  }

  #garbled(): void {
    this.#find({
      kind: 'garbled',
      from: this.#next,
      message: `Line ${this.#lines}, before sequence ${this.#next}, is not a line of an export.`,
    });
  }

  #refuseStray({ id, tenant_id }: { id: string; tenant_id: string }): void {
    const tenant = this.#begun?.header.tenant;
    if (tenant_id !== tenant)
      this.#find({
        kind: 'inserted',
        recordId: id,
        message: `Record ${id} belongs to the tenant ${tenant_id}, not to ${tenant}.`,
      });
    if (this.#ids.has(id))
      this.#find({ kind: 'inserted', recordId: id, message: `Record ${id} is there twice.` });
    this.#ids.add(id);
  }

  #find(finding: Finding): void {
    if (this.#findings.length < MOST_FINDINGS) this.#findings.push(finding);
  }
}

function only(sequence: number): { from: number; to: number } {
  return { from: sequence, to: sequence + 1 };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
