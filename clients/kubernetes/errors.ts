import { fieldsOf, listOf, numberOf, textOf } from './objects.ts';

export type KubernetesErrorKind =
  | 'unreachable'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'invalid'
  | 'quota'
  | 'terminating'
  | 'throttled'
  | 'server';

interface KubernetesErrorFields {
  readonly kind: KubernetesErrorKind;
  readonly retryable: boolean;
  /** The API server's own word (e.g. `AlreadyExists`) or the code of the socket error. */
  readonly reason: string;
  readonly status?: number;
  readonly retryAfterSeconds?: number;
}

/** Why a call to the Kubernetes API did not work, classified once for everybody. */
export class KubernetesError extends Error implements KubernetesErrorFields {
  override readonly name = 'KubernetesError';
  readonly kind: KubernetesErrorKind;
  readonly retryable: boolean;
  readonly reason: string;
  readonly status?: number;
  readonly retryAfterSeconds?: number;

  constructor(message: string, fields: KubernetesErrorFields, options?: ErrorOptions) {
    super(message, options);
    this.kind = fields.kind;
    this.retryable = fields.retryable;
    this.reason = fields.reason;
    if (fields.status !== undefined) this.status = fields.status;
    if (fields.retryAfterSeconds !== undefined) this.retryAfterSeconds = fields.retryAfterSeconds;
  }
}

/** What was tried, for the message: `Applying Deployment a/b`, and the address it was tried at. */
export interface Attempt {
  readonly what: string;
  readonly server: string;
}

/** The error of a call that got no answer. */
export function unreachable(attempt: Attempt, cause: unknown): KubernetesError {
  const reason = codeOf(cause);
  const untrusted = CERTIFICATE_CODES.test(reason);
  const text = cause instanceof Error && cause.message !== '' ? cause.message : reason;
  const next = untrusted
    ? 'Check certificate-authority in the kubeconfig and the clock of this machine.'
    : 'Check that the cluster runs and that this machine reaches it; the call is tried again.';
  return new KubernetesError(
    `${attempt.what}: no answer from ${attempt.server}: ${text}. ${next}`,
    { kind: 'unreachable', retryable: !untrusted, reason },
    { cause },
  );
}

export interface Refusal {
  readonly status: number;
  readonly body: string;
  readonly retryAfter?: string | undefined;
}

/** The error of a call the API server answered with anything but success; the body is usually a `Status` object. */
export function refused(attempt: Attempt, refusal: Refusal): KubernetesError {
  const status = parseStatus(refusal.body);
  const kind = kindOf(refusal.status, status);
  const retryAfterSeconds = retryAfterOf(refusal, status);
  const said = `${refusal.status}${status.reason === '' ? '' : ` ${status.reason}`}: ${status.message}`;
  return new KubernetesError(`${attempt.what}: ${attempt.server} answered ${said}. ${NEXT_STEPS[kind]}`, {
    kind,
    retryable: RETRYABLE[kind] || isRace(kind, status),
    reason: status.reason === '' ? `HTTP ${refusal.status}` : status.reason,
    status: refusal.status,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
}

const CERTIFICATE_CODES = /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS|ERR_SSL|EPROTO/;

const RETRYABLE: Readonly<Record<KubernetesErrorKind, boolean>> = {
  unreachable: true,
  unauthorized: false,
  forbidden: false,
  not_found: false,
  conflict: false,
  invalid: false,
  quota: false,
  terminating: true,
  throttled: true,
  server: true,
};

const NEXT_STEPS: Readonly<Record<KubernetesErrorKind, string>> = {
  unreachable: 'Check that the cluster runs.',
  unauthorized: 'Check the credentials of the named kubeconfig context, or of this pod’s service account.',
  forbidden:
    'Give this identity the permission it lacks, or change what the admission rule named here refuses.',
  not_found: 'Check the name and the namespace; somebody may have deleted it.',
  conflict: 'Somebody else changed or owns it: look at the object’s managedFields, then try again.',
  invalid: 'Correct the fields named here; trying again changes nothing.',
  quota: 'Ask for less, or have the quota of the project raised (npm run admin -- project quota).',
  terminating: 'Wait until it is gone; if it stays, look at its finalizers.',
  throttled: 'The API server is busy; the call is tried again.',
  server:
    'Look at the log of the API server and of the admission webhook named here; the call is tried again.',
};

interface ParsedStatus {
  readonly reason: string;
  readonly message: string;
  readonly causes: readonly string[];
  readonly retryAfterSeconds: number;
}

function kindOf(code: number, status: ParsedStatus): KubernetesErrorKind {
  if (code === 401) return 'unauthorized';
  if (isTerminating(status)) return 'terminating';
  if (code === 403) return /exceeded quota/i.test(status.message) ? 'quota' : 'forbidden';
  if (code === 404) return 'not_found';
  if (code === 409) return 'conflict';
  if (code === 429) return 'throttled';
  // What Kubernetes 1.36 answers to a server-side apply with a field that is not in the schema.
  if (code === 500 && /failed to create typed|not declared in schema/.test(status.message)) return 'invalid';
  // 410 means that a resourceVersion is too old: whoever lists again gets a newer one.
  if (code >= 500 || code === 410 || code === 408) return 'server';
  return 'invalid';
}

/** Somebody was faster: reading again helps. A field that belongs to another manager stays theirs. */
function isRace(kind: KubernetesErrorKind, status: ParsedStatus): boolean {
  return (
    kind === 'conflict' && status.reason === 'Conflict' && !status.causes.includes('FieldManagerConflict')
  );
}

function isTerminating(status: ParsedStatus): boolean {
  return (
    status.causes.includes('NamespaceTerminating') ||
    /because it is being terminated|object is being deleted/.test(status.message)
  );
}

function parseStatus(body: string): ParsedStatus {
  const status = parseJson(body);
  const details = fieldsOf(status['details']);
  const message = textOf(status['message']);
  return {
    reason: textOf(status['reason']),
    message: message === '' ? shorten(body) : shorten(message),
    causes: listOf(details['causes']).map(cause => textOf(cause['reason'])),
    retryAfterSeconds: numberOf(details['retryAfterSeconds']),
  };
}

function parseJson(body: string): Readonly<Record<string, unknown>> {
  try {
    return fieldsOf(JSON.parse(body));
  } catch {
    // A proxy or an API server that is starting answers plain text: then the text itself is the message.
    return {};
  }
}

function shorten(text: string): string {
  const line = text.trim().replace(/\s+/g, ' ').replace(/\.$/, '');
  if (line === '') return 'nothing';
  return line.length > 1000 ? `${line.slice(0, 1000)}…` : line;
}

function retryAfterOf(refusal: Refusal, status: ParsedStatus): number | undefined {
  const header = Number.parseInt(refusal.retryAfter ?? '', 10);
  if (Number.isFinite(header)) return header;
  return status.retryAfterSeconds > 0 ? status.retryAfterSeconds : undefined;
}

function codeOf(cause: unknown): string {
  const code = fieldsOf(cause)['code'];
  if (typeof code === 'string') return code;
  return cause instanceof Error ? cause.name : 'unknown';
}
