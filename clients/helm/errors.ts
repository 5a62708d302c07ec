/**
 * What went wrong with a Helm call. Helm exits with 1 for everything, so the kind is read from its text; whether
 * anything changed is only known from the release storage.
 */
export type HelmErrorKind =
  | 'render'
  | 'schema'
  | 'refused'
  | 'conflict'
  | 'unreachable'
  | 'pending'
  | 'cancelled'
  | 'quota'
  | 'not_found'
  | 'unknown';

export interface HelmFailure {
  readonly kind: HelmErrorKind;
  /** The same call may succeed later without anyone changing anything. */
  readonly retryable: boolean;
  readonly message: string;
  readonly nextStep: string;
}

/** A Helm call that did not do what it was asked to. */
export class HelmError extends Error implements HelmFailure {
  override readonly name = 'HelmError';
  readonly kind: HelmErrorKind;
  readonly retryable: boolean;
  readonly nextStep: string;

  constructor(failure: HelmFailure, options?: ErrorOptions) {
    super(failure.message, options);
    this.kind = failure.kind;
    this.retryable = failure.retryable;
    this.nextStep = failure.nextStep;
  }
}

interface Rule {
  readonly pattern: RegExp;
  readonly kind: HelmErrorKind;
  readonly nextStep: string;
}

/**
 * In the order they are tried: the first match decides. The texts are those of Helm 4.2 and of the API server 1.36;
 * `test/helm/*.test.ts` provokes each with the real ones.
 */
const RULES: readonly Rule[] = [
  {
    pattern: /context canceled|has been cancelled|signal: (terminated|killed|interrupt)/i,
    kind: 'cancelled',
    nextStep: 'Read the release storage to see how far it got, then repeat the call.',
  },
  {
    pattern: /don't meet the specifications of the schema/i,
    kind: 'schema',
    nextStep: 'Correct the named values in the request, or the chart and its schema if the request is right.',
  },
  {
    pattern:
      /execution error at|executing "|parse error|error converting YAML|Chart\.yaml file is missing|path ".*" not found|error calling|failed to load (chart|plugin)/i,
    kind: 'render',
    nextStep: 'Repair the chart; `helm template` with the same values shows the error.',
  },
  {
    pattern: /exceeded quota|must be less than or equal to .* limit/i,
    kind: 'quota',
    nextStep:
      'Ask for less, remove something from the project, or have its quota raised (npm run admin -- project quota); then deploy again.',
  },
  {
    pattern: /another operation \(install\/upgrade\/rollback\) is in progress/i,
    kind: 'pending',
    nextStep: 'Wait until the other operation on this release has ended.',
  },
  {
    pattern:
      /Apply failed with \d+ conflict|conflict occurred while applying|cannot be imported into the current release|cannot reuse a name|invalid ownership metadata|already exists/i,
    kind: 'conflict',
    nextStep:
      'See who owns the named field or object; remove it, or let its owner give it up, then deploy again.',
  },
  {
    pattern: /Too long: may not be more than|request entity too large|exceeds the limit of/i,
    kind: 'refused',
    nextStep:
      'The release is larger than a Kubernetes Secret may be (1 MiB); make the chart or its values smaller.',
  },
  {
    pattern: /asked for the client to provide credentials|Unauthorized|x509:/,
    kind: 'refused',
    nextStep: 'Check the credentials and certificates in the kubeconfig (RUNTIMEAI_KUBECONFIG).',
  },
  {
    pattern: /because it is being terminated/i,
    kind: 'refused',
    nextStep: 'The namespace is being deleted. Wait until it is gone; the next deploy makes it again.',
  },
  {
    pattern: /namespaces ".*" not found/i,
    kind: 'refused',
    nextStep: 'The namespace of the project is missing; deploy again, which makes it.',
  },
  {
    pattern: /release: not found|has no \d+ version|has no deployed releases/i,
    kind: 'not_found',
    nextStep: 'Look at `helm history`; the revision or release is gone.',
  },
  {
    pattern:
      /cluster unreachable|connection refused|connection reset|no such host|i\/o timeout|TLS handshake timeout|unexpected EOF|: EOF|client connection lost|context deadline exceeded|Client\.Timeout|etcdserver:|currently unable to handle the request|ServiceUnavailable|Too ?Many ?Requests|too many requests|no route to host|network is unreachable|server is shutting down|apiserver not ready/i,
    kind: 'unreachable',
    nextStep: 'Check that the Kubernetes API server answers; the call is repeated by itself.',
  },
  {
    pattern:
      /is forbidden|is invalid|field not declared in schema|denied the request|failed calling webhook|no matches for kind|unable to recognize|Forbidden|Invalid value/i,
    kind: 'refused',
    nextStep: 'Correct what the API server names, or give RuntimeAI the right it lacks; then deploy again.',
  },
];

/** Says what a text of Helm means: the end of its stderr, or the description of a failed revision. */
export function classify(text: string): Pick<HelmFailure, 'kind' | 'retryable' | 'nextStep'> {
  const rule = RULES.find(candidate => candidate.pattern.test(text));
  const kind = rule?.kind ?? 'unknown';
  const nextStep = rule?.nextStep ?? 'Look at `helm history` and the events of the namespace, then decide.';
  return { kind, nextStep, retryable: RETRYABLE.has(kind) };
}

const RETRYABLE: ReadonlySet<HelmErrorKind> = new Set(['unreachable', 'pending', 'cancelled']);

const TAIL_BYTES = 2048;

/** The end of what Helm said, without its repeated warnings and with every given text masked. */
export function readableTail(stderr: string, masked: readonly string[]): string {
  const lines = stderr
    .split('\n')
    .map(line => line.replace(/^Error: /, '').trimEnd())
    .filter(line => line !== '' && !line.startsWith('level=') && !line.startsWith('Use --debug flag'));
  const tail = Buffer.from(mask(lines.join('\n'), masked))
    .subarray(-TAIL_BYTES)
    .toString();
  return tail.replace(/^\uFFFD+/, '');
}

function mask(text: string, masked: readonly string[]): string {
  return masked
    .filter(secret => secret.length >= 4)
    .reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
}
