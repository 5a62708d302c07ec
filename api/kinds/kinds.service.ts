import type { Database } from '../../db/database.ts';
import { listRuntimeKinds } from '../../db/runtime-kinds.ts';
import type { RuntimeKind } from '../../domain/runtime-kind.ts';

/** The kinds of runtimes the cluster worker has written down. */
export class KindsService {
  readonly #database: Pick<Database, 'global'>;

  constructor(database: Pick<Database, 'global'>) {
    this.#database = database;
  }

  async list(): Promise<{ items: readonly RuntimeKind[]; next_page_token: null }> {
    return { items: await listRuntimeKinds(this.#database.global), next_page_token: null };
  }
}
