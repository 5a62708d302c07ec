import type { ActionPlan } from '../../planner.ts';
import { sha256 } from '../sha256.ts';

/** The digest that identifies a plan: over everything in it but the digest itself. */
export function planHash(plan: Omit<ActionPlan, 'hash'>): string {
  const { hash: _own, ...rest } = plan as ActionPlan;
  return `sha256:${sha256(canonicalText(rest))}`;
}

/** JSON with sorted keys and only ASCII in it: the same value is the same text, whatever order its keys came in. */
export function canonicalText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return ascii(JSON.stringify(value) ?? 'null');
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, field]) => `${ascii(JSON.stringify(key))}:${canonicalText(field)}`);
  return `{${fields.join(',')}}`;
}

function ascii(json: string): string {
  return json.replace(/[\u007f-\uffff]/g, unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
