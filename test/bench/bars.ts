import { type AuditCosts, auditBars } from './audit.ts';
import { type AuthenticationCost, authenticationBars } from './authentication.ts';
import type { DeployLatency, LatencyOf } from './deploy-latency.ts';
import type { DeployRate } from './deploy-rate.ts';
import type { OperationStart } from './operation-start.ts';
import type { PolicyCheck } from './policies.ts';
import { type ReadResults, readBars } from './read-results.ts';
import { median, summarise } from './statistics.ts';

/** One bar and what was measured against it. */
export interface Bar {
  readonly subject: string;
  readonly ours: string;
  readonly beside: string;
  readonly measured: number;
  readonly limit: number;
  readonly unit: 'x' | ' ms' | ' µs' | ' MiB' | '';
  /** Whether less is better. */
  readonly atMost: boolean;
}

/** Everything one run has measured; what was left out is not there. */
export interface Results extends ReadResults {
  readonly latency?: DeployLatency;
  readonly rate?: DeployRate;
  readonly start?: OperationStart;
  readonly policies?: PolicyCheck;
  readonly authentication?: AuthenticationCost;
  readonly audit?: AuditCosts;
}

/** Holds the results against the bars of the design. */
export function barsOf(results: Results): readonly Bar[] {
  const { latency, rate, start, policies, authentication, audit } = results;
  return [
    ...(latency
      ? [...deployBars('install', latency.install, 0.9), ...deployBars('upgrade', latency.upgrade, 0.7)]
      : []),
    ...(rate ? [rateBar(rate)] : []),
    ...(start ? startBars(start) : []),
    ...readBars(results),
    ...(policies ? [policyBar(policies)] : []),
    ...(authentication ? authenticationBars(authentication) : []),
    ...(audit ? auditBars(audit) : []),
  ];
}

/** Whether a bar is met. */
export function isMet({ measured, limit, atMost }: Bar): boolean {
  return atMost ? measured <= limit : measured >= limit;
}

function deployBars(verb: string, { acceptedMs, sentMs, helmMs }: LatencyOf, limit: number): Bar[] {
  const helm = summarise(helmMs);
  const bar = (what: string, ours: number, beside: number, limit: number): Bar => ({
    subject: `${verb}, ${what}`,
    ours: inMs(ours),
    beside: inMs(beside),
    measured: ours / beside,
    limit,
    unit: 'x',
    atMost: true,
  });
  return [
    bar('accepted → succeeded, p50', median(acceptedMs), helm.p50, limit),
    bar('sent → succeeded, p50', median(sentMs), helm.p50, limit),
    bar('accepted → succeeded, p99', summarise(acceptedMs).p99, helm.p99, 1),
    bar('sent → succeeded, p99', summarise(sentMs).p99, helm.p99, 1),
  ];
}

function rateBar({ ours, helm, atOnce }: DeployRate): Bar {
  const [mine, theirs] = [median(ours), median(helm)];
  return {
    subject: `installs per minute, ${atOnce} at once`,
    ours: mine.toFixed(0),
    beside: theirs.toFixed(0),
    measured: mine / theirs,
    limit: 1.25,
    unit: 'x',
    atMost: false,
  };
}

function startBars({ ours, raw }: OperationStart): Bar[] {
  const [mine, theirs] = [summarise(ours), summarise(raw)];
  return [
    {
      subject: 'operation start, p50',
      ours: inMs(mine.p50),
      beside: inMs(theirs.p50),
      measured: mine.p50 / theirs.p50,
      limit: 1.2,
      unit: 'x',
      atMost: true,
    },
    {
      subject: 'operation start, p99',
      ours: inMs(mine.p99),
      beside: inMs(theirs.p99),
      measured: mine.p99 - theirs.p99,
      limit: 20,
      unit: ' ms',
      atMost: true,
    },
  ];
}

function policyBar({ rules, conditions, tookMs }: PolicyCheck): Bar {
  const { p50, p99 } = summarise(tookMs);
  return {
    subject: `judging by ${rules} rules, ${conditions} of them with CEL, p99`,
    ours: `p50 ${p50.toFixed(3)} ms, p99 ${p99.toFixed(3)} ms`,
    beside: '–',
    measured: p99,
    limit: 1,
    unit: ' ms',
    atMost: true,
  };
}

function inMs(milliseconds: number): string {
  return `${milliseconds.toFixed(milliseconds < 200 ? 1 : 0)} ms`;
}
