import { insertApiKey } from '../../db/api-keys.ts';
import type { Database } from '../../db/database.ts';
import type { Permission, Role } from '../../domain/principal.ts';

/** Somebody with a key. */
export interface Person {
  readonly id: string;
  readonly name: string;
  readonly key: string;
}

export interface PersonWish {
  readonly name: string;
  readonly roles: readonly Role[];
  readonly project?: string;
  readonly groups?: readonly string[];
  readonly scopes?: readonly Permission[];
  /** Whose agent it is; a person when left out. */
  readonly ownerId?: string;
  /** Whose second key it is. */
  readonly principalId?: string;
}

/** Makes a principal of acme with a key. */
export async function makePerson(db: Pick<Database, 'inTenant'>, wish: PersonWish): Promise<Person> {
  const { name, roles, groups = [], scopes, project, ownerId, principalId } = wish;
  return db.inTenant('acme', async sql => {
    const made = await insertApiKey(sql, {
      installation: 'test',
      name,
      roles: [...roles],
      ...(project !== undefined && { project }),
      ...(scopes && { scopes: [...scopes] }),
      ...(principalId !== undefined && { principalId }),
      ...(ownerId === undefined ? { kind: 'human' } : { kind: 'agent', ownerId }),
    });
    if (groups.length > 0)
      await sql
        .updateTable('principals')
        .set({ groups: [...groups] })
        .where('id', '=', made.principalId)
        .execute();
    return { id: made.principalId, name, key: made.token };
  });
}
