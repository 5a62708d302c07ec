import type { Database } from '../../db/database.ts';
import { newId } from '../../domain/ids.ts';

/** Writes a deployed runtime and its project, without a deploy; answers its id. */
export async function insertRuntime(
  db: Pick<Database, 'inTenant'>,
  { tenantId, name }: { tenantId: string; name: string },
): Promise<string> {
  const id = newId('runtime');
  await db.inTenant(tenantId, async sql => {
    const project = { name: 'default', quota: JSON.stringify({}) };
    await sql
      .insertInto('projects')
      .values(project)
      .onConflict(conflict => conflict.doNothing())
      .execute();
    await sql
      .insertInto('runtimes')
      .values({
        id,
        name,
        project: project.name,
        environment: 'development',
        labels: '{}',
        spec: JSON.stringify({ agent: AGENT }),
        phase: 'deployed',
        operation_id: newId('operation'),
      })
      .execute();
  });
  return id;
}

const AGENT = {
  framework: { name: 'custom' },
  image: 'runtimeai.dev/sample-agent:1.0.0',
  replicas: 2,
  resources: { cpu: '50m', memory: '64Mi' },
  env: [],
  egress: 'restricted',
  exposure: 'private',
};
