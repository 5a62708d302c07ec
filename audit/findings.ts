/** One thing that is wrong with an export, and where. */
export interface Finding {
  readonly kind:
    | 'garbled'
    | 'edited'
    | 'missing'
    | 'inserted'
    | 'reordered'
    | 'truncated'
    | 'rewritten'
    | 'forked'
    | 'unsealed'
    | 'misfiled'
    | 'unsigned';
  /** Sequences it concerns: from, up to without. */
  readonly from?: number;
  readonly to?: number;
  readonly recordId?: string;
  readonly message: string;
}

/** What verification found. */
export interface VerifyReport {
  readonly tenant: string;
  /** Of a part of the audit: which time was asked for. */
  readonly since: string | null;
  readonly until: string | null;
  readonly records: number;
  readonly unsealed: number;
  readonly dropped: number;
  /** Checkpoints of the export, and anchored ones, whose root is that of the records. */
  readonly checkpoints: number;
  readonly anchors: number;
  /** Size and time of the newest anchored checkpoint that holds: records below it are proven from outside. */
  readonly provenTo: { readonly size: number; readonly signedAt: string } | null;
  readonly findings: readonly Finding[];
}
