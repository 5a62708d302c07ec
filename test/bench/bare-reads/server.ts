import { hash, timingSafeEqual } from 'node:crypto';
import Fastify from 'fastify';
import { openDatabase } from '../../../db/database.ts';
import { findRuntime } from '../../../db/runtimes.ts';
import { openKeys } from './keys.ts';

/** Bare Fastify that answers one runtime after the same checks by hand, with the same query and the same JSON. */
const { BENCH_DATABASE_URL, BENCH_KEY } = process.env;
if (!BENCH_DATABASE_URL || !BENCH_KEY) throw new Error('BENCH_DATABASE_URL and BENCH_KEY must be set.');

const database = await openDatabase(BENCH_DATABASE_URL);
const keys = await openKeys(database, BENCH_KEY);
const ROLES_THAT_READ = ['tenant_admin', 'developer', 'operator', 'viewer'];
const server = Fastify({ logger: false });

server.get<{ Params: { id: string } }>('/v1/runtimes/:id', async (request, reply) => {
  const [, keyId = '', secret = ''] =
    /^Bearer rtai_[^_]+_([^_]+)_([^_]+)_/.exec(request.headers.authorization ?? '') ?? [];
  const key = keys.get(keyId);
  if (!key || !timingSafeEqual(hash('sha256', secret, 'buffer'), key.secretHash))
    return reply.code(401).send();
  const named = request.headers['tenant_id'];
  if (named !== undefined && named !== key.principal.tenantId) return reply.code(403).send();
  if (!key.principal.roles.some(role => ROLES_THAT_READ.includes(role))) return reply.code(403).send();
  const { id: runtimeId } = request.params;
  if (!/^rt_[0-9a-z]{26}$/.test(runtimeId)) return reply.code(404).send();
  const runtime = await findRuntime(database.forTenant(key.principal.tenantId), {
    runtimeId,
    maxAgeSeconds: 15,
  });
  return runtime ?? reply.code(404).send();
});

const address = await server.listen({ host: '127.0.0.1', port: 0 });
process.send?.({ result: Number(new URL(address).port) });
process.once('disconnect', () => process.exit());
