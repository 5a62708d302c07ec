import type { Evidence } from '../../domain/deployment.ts';

const MOST_BYTES = 64 * 1024;

interface Draft extends Omit<Evidence, 'events'> {
  readonly events: readonly Evidence['events'][number][];
}

/** The evidence within 64 KiB: the oldest log lines go first, then the oldest events. */
export function fitted(draft: Draft): Evidence {
  const evidence: Evidence = {
    ...draft,
    events: [...draft.events],
    pods: draft.pods.map(pod => ({ ...pod, logs: [...pod.logs] })),
  };
  while (bytesOf(evidence) > MOST_BYTES) {
    const longest = evidence.pods.reduce(
      (a, b) => (b.logs.length > a.logs.length ? b : a),
      evidence.pods[0] ?? NO_LOGS,
    );
    if (longest.logs.length > 1) longest.logs.shift();
    else if (evidence.events.length > 1) evidence.events.shift();
    else break;
  }
  return evidence;
}

const NO_LOGS = { logs: [] as string[] };

function bytesOf(evidence: Evidence): number {
  return Buffer.byteLength(JSON.stringify(evidence));
}
