import { messageOfLogLine } from '../../domain/rules/log-line.ts';
import type { EvidenceEvent, Findings } from './findings.ts';
import type { PodFinding } from './pods.ts';

const LONGEST_LINE = 200;

/** One sentence, the most telling fact first; the given reason stands where the cluster shows nothing wrong. */
export function reasonInWords(findings: Findings, given: string): string {
  const pod = findings.pods.find(one => !one.evidence.ready);
  if (pod === undefined) return refusedPods(findings) ?? given;
  const cause = causeOf(pod, findings.events);
  const total = Math.max(findings.podCount, findings.desiredReplicas);
  const missing = total - (findings.podCount - findings.unreadyCount);
  const state = pod.neverReady ? 'never became ready' : 'are not ready';
  const head = `${missing} of ${total} pods ${state}`;
  const line = pod.evidence.logs.at(-1);
  const tail = line === undefined ? '' : `; last log line: ${messageOfLogLine(line).slice(0, LONGEST_LINE)}`;
  return cause === undefined && line === undefined
    ? `${head}; ${given}`
    : `${head}${cause ? `: ${cause}` : ''}${tail}`;
}

function causeOf(pod: PodFinding, events: readonly EvidenceEvent[]): string | undefined {
  const { waiting, ended, probe } = pod;
  const crashed =
    ended && `the container ended with exit code ${ended.exitCode} (${ended.reason})${times(pod)}`;
  if (waiting?.reason === 'CrashLoopBackOff')
    return crashed ?? `the container crashes again and again${times(pod)}`;
  if (waiting) return waiting.message === '' ? waiting.reason : `${waiting.reason}, ${waiting.message}`;
  if (ended?.reason === 'OOMKilled')
    return 'the container used more memory than its limit and was killed (OOMKilled)';
  return probe ?? crashed ?? lastWarning(pod, events);
}

function times(pod: PodFinding): string {
  const { restarts } = pod.evidence;
  return restarts > 0 ? `, restarted ${restarts} times` : '';
}

function lastWarning(pod: PodFinding, events: readonly EvidenceEvent[]): string | undefined {
  return events.findLast(event => event.type === 'Warning' && event.object === `Pod/${pod.evidence.name}`)
    ?.message;
}

/** No pod to look at: then the ReplicaSet says why it could make none. */
function refusedPods({ events, desiredReplicas, podCount }: Findings): string | undefined {
  const refused = events.findLast(event => event.reason === 'FailedCreate');
  if (refused === undefined || podCount >= desiredReplicas) return undefined;
  return `${desiredReplicas - podCount} of ${desiredReplicas} pods could not be created: ${refused.message}`;
}
