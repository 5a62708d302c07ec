import type { Outcome } from '../../domain/operation.ts';
import type { DeployWish } from './caller.ts';

/** Where in its life a deploy is when something is killed. */
export const MOMENTS = [
  'awaiting_approval',
  'preparing',
  'applying',
  'applying, Helm killed too',
  'verifying',
  'verifying, in its soak',
  'verifying, keeping evidence',
  'rolling_back',
] as const;
export type Moment = (typeof MOMENTS)[number];

/** What comes of a deploy, the events it writes on its way, and the first of them after its moment. */
export interface Story {
  readonly outcome: Outcome;
  readonly events: readonly string[];
  readonly next: string;
}

/** How the deploy of each moment goes when nothing is killed. */
export const STORIES: Readonly<Record<Moment, Story>> = {
  awaiting_approval: {
    outcome: 'succeeded',
    events: ['preparing', 'awaiting_approval', 'approve', 'preparing', 'applying', 'verifying', 'succeeded'],
    next: 'approve',
  },
  preparing: straight('applying'),
  applying: straight('verifying'),
  'applying, Helm killed too': straight('verifying'),
  verifying: straight('succeeded'),
  'verifying, in its soak': straight('succeeded'),
  'verifying, keeping evidence': failing('rolling_back'),
  rolling_back: failing('rolled_back'),
};

/** How long the deploy of this moment soaks. */
export function soakSecondsOf(moment: Moment): number {
  return moment === 'verifying, in its soak' ? 4 : 0;
}

/** Nothing can be held in these: time passes in them by itself. */
export function isTimed(moment: Moment): boolean {
  return moment === 'verifying' || moment === 'verifying, in its soak';
}

/** What is deployed to come to the moment; another version in each round, so that there is something to change. */
export function wishFor(moment: Moment, round: number): DeployWish {
  const fails = STORIES[moment].outcome === 'rolled_back';
  const fate = fails ? '-never-ready' : moment === 'verifying' ? '-slow-start-3s' : '';
  const verification = { timeout_seconds: fails ? 5 : 60, soak_seconds: soakSecondsOf(moment) };
  return { version: `1.${round}.0${fate}`, request: { lift_hold: true, verification } };
}

function straight(next: string): Story {
  return { outcome: 'succeeded', events: ['preparing', 'applying', 'verifying', 'succeeded'], next };
}

function failing(next: string): Story {
  const events = ['preparing', 'applying', 'verifying', 'rolling_back', 'rolled_back'];
  return { outcome: 'rolled_back', events, next };
}
