import { readBeforeAndNow } from '../db/intents.ts';
import type { TenantSql } from '../db/tables.ts';
import { whatGotWorse } from '../domain/rules/planner/regression.ts';

/** Whether what is observed of a runtime now is worse than when its intent was planned, and in which way. */
export async function compareWithBefore(
  db: TenantSql,
  { operationId }: { readonly operationId: string },
  { maxAgeSeconds }: { readonly maxAgeSeconds: number },
): Promise<{ readonly worse?: string }> {
  const found = await readBeforeAndNow(db, { operationId, maxAgeSeconds });
  if (!found?.before) return {};
  const worse = whatGotWorse(found.before, found.now);
  return worse === undefined ? {} : { worse };
}
