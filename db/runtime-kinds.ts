import { sql } from 'kysely';
import { SIZES } from '../domain/rules/sizes.ts';
import type { PodSecurity } from '../domain/rules/slot.ts';
import type { Capability, Runtime, RuntimeType } from '../domain/runtime.ts';
import type { RuntimeKind } from '../domain/runtime-kind.ts';
import type { GlobalSql } from './tables.ts';

/** What was found out about an adapter and the cluster it needs. */
export interface CheckedKind {
  readonly name: string;
  readonly type: RuntimeType;
  readonly backend: Runtime['backend']['kind'];
  readonly capabilities: readonly Capability[];
  readonly podSecurity: PodSecurity;
  readonly missing: readonly { readonly what: string; readonly install: string }[];
  readonly limits?: RuntimeKind['limits'];
}

/** What may read and write kinds; they belong to no tenant. */
type KindSql = Pick<GlobalSql, 'selectFrom' | 'getExecutor'>;

/** Keeps what the adapters are now, in the order of their registration, and forgets those that are registered no more. */
export async function saveRuntimeKinds(db: GlobalSql, kinds: readonly CheckedKind[]): Promise<void> {
  const rows = JSON.stringify(kinds.map((kind, position) => ({ limits: {}, ...kind, position })));
  await sql`
    with checked as (
      select * from jsonb_to_recordset(${rows}::jsonb) as k(name text, type text, backend text, capabilities jsonb,
        "podSecurity" text, missing jsonb, limits jsonb, position int)
    ), kept as (
      insert into runtime_kinds (name, type, backend, capabilities, pod_security, missing, limits, position,
        checked_at)
      select name, type, backend, capabilities, "podSecurity", missing, limits, position, now() from checked
      on conflict (name) do update set type = excluded.type, backend = excluded.backend,
        capabilities = excluded.capabilities, pod_security = excluded.pod_security, missing = excluded.missing, limits = excluded.limits,
        position = excluded.position, checked_at = excluded.checked_at
    )
    delete from runtime_kinds where name not in (select name from checked)`.execute(db);
}

/** Every registered kind, the built-in ones first. */
export async function listRuntimeKinds(db: KindSql): Promise<readonly RuntimeKind[]> {
  const rows = await db.selectFrom('runtime_kinds').selectAll().orderBy('position').orderBy('name').execute();
  const defaults = new Map(rows.toReversed().map(({ type, name }) => [type, name]));
  return rows.map(({ name, type, backend, capabilities, missing, limits, checked_at }) => ({
    name,
    type,
    backend,
    default: defaults.get(type) === name,
    capabilities,
    available: missing.length === 0,
    missing,
    limits,
    sizes: sizesOf(type),
    checked_at: checked_at.toISOString(),
  }));
}

/** One kind by its adapter, or the one that is taken when a spec names none. */
export async function findRuntimeKind(
  db: KindSql,
  wanted: { readonly name: string } | { readonly type: RuntimeType },
): Promise<RuntimeKind | undefined> {
  const kinds = await listRuntimeKinds(db);
  return kinds.find(kind => ('name' in wanted ? kind.name === wanted.name : isDefaultOf(kind, wanted.type)));
}

function isDefaultOf(kind: RuntimeKind, type: RuntimeType): boolean {
  return kind.default && kind.type === type;
}

function sizesOf(type: RuntimeType): RuntimeKind['sizes'] {
  const { small, medium, large, xlarge } = SIZES[type];
  const inWords = ({ cpu, memoryMiB, replicas }: typeof small) => ({
    cpu,
    memory: `${memoryMiB}Mi`,
    replicas,
  });
  return { small: inWords(small), medium: inWords(medium), large: inWords(large), xlarge: inWords(xlarge) };
}
