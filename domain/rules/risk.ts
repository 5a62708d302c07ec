import type { ApprovalCard } from '../approval.ts';
import type { Verb } from '../change.ts';
import type { HealthStatus } from '../health.ts';
import type { PolicyCost } from '../policy.ts';
import type { Environment } from '../tenant.ts';

interface Subject {
  readonly environment: Environment;
  readonly verbs: readonly Verb[];
  readonly summary: ApprovalCard['summary'];
  readonly health: HealthStatus | null;
  readonly cost: PolicyCost | undefined;
}

/** What cannot be taken back, or takes the runtime away while it lasts. */
const GRAVE: readonly Verb[] = ['delete', 'restore'];
const INTERRUPTING: readonly Verb[] = ['stop', 'restart', 'migrate', 'scale'];

/** How risky it is to agree, with the reasons. A hint for people; nothing is decided by it. */
export function riskOf({ environment, verbs, summary, health, cost }: Subject): ApprovalCard['risk'] {
  const grave = verbs.filter(verb => GRAVE.includes(verb)).map(verb => `${verb} cannot simply be taken back`);
  const removed = summary.remove > 0 ? [`${summary.remove} objects are removed`] : [];
  const medium = [
    ...(environment === 'production' ? ['it is production'] : []),
    ...(health && health !== 'healthy' && health !== 'stopped' ? [`the runtime is ${health} today`] : []),
    ...verbs.filter(verb => INTERRUPTING.includes(verb)).map(verb => `${verb} interrupts the runtime`),
    ...(cost && cost.after > 2 * cost.before && cost.before > 0 ? ['it more than doubles the cost'] : []),
  ];
  const reasons = [...grave, ...removed, ...medium];
  const high = grave.length > 0 || removed.length > 0;
  return { level: high ? 'high' : medium.length > 0 ? 'medium' : 'low', reasons };
}
