import type { ApprovalDemand } from '../policy.ts';

/** A demand in words: how many people, of which roles or groups, signed in how. */
export function demandInWords({ quorum, roles, groups, acr }: ApprovalDemand): string {
  const people = quorum === 1 ? 'one person' : `${quorum} people`;
  const among = [...roles.map(role => `role ${role}`), ...groups.map(group => `group ${group}`)];
  const who = among.length > 0 ? ` with ${among.join(' or ')}` : '';
  const how = acr.length > 0 ? `, signed in by ${acr.join(' or ')} (keys do not count)` : '';
  return `${people}${who}${how}`;
}
