import { readBeforeAndNow } from '../db/intents.ts';
import type { TenantSql } from '../db/tables.ts';
import { verifyRegression } from '../domain/rules/planner/regression.ts';

/** How a runtime is now beside how it was when its intent was planned. */
export interface Comparison {
  /** In which way it is worse. */
  readonly worse?: string;
  /** What cannot be seen, where nothing that can be seen is worse. */
  readonly unknown?: string;
}

/** Compares what is observed of a runtime now with what was when its intent was planned. */
export async function compareWithBefore(
  db: TenantSql,
  { operationId }: { readonly operationId: string },
  { maxAgeSeconds }: { readonly maxAgeSeconds: number },
): Promise<Comparison> {
  const found = await readBeforeAndNow(db, { operationId, maxAgeSeconds });
  if (!found?.before) return {};
  const { verdict, reasons } = verifyRegression(found.before, found.now);
  const words = reasons.join('; ');
  if (verdict === 'worse') return { worse: words };
  return verdict === 'inconclusive' ? { unknown: words } : {};
}
