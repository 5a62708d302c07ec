import { call } from '../../clients/kubernetes/http.ts';
import type { World } from './world.ts';

/** How many requests the API server has answered so far, by `VERB resource`, dry runs apart; watches count when they end. */
export async function requestsSoFar({ kubernetes }: World): Promise<Readonly<Record<string, number>>> {
  const { status, body } = await call(kubernetes.connection, {
    method: 'GET',
    path: '/metrics',
    accept: '*/*',
    timeoutMs: 60_000,
  });
  if (status !== 200) throw new Error(`GET /metrics of the API server answered ${status}.`);
  const counts: Record<string, number> = {};
  for (const [, labels = '', count] of body.matchAll(/^apiserver_request_total\{(.*)\} (\S+)$/gm)) {
    const label = (name: string) => new RegExp(`(?:^|,)${name}="([^"]*)"`).exec(labels)?.[1] ?? '';
    const resource = [label('resource'), label('subresource')].filter(Boolean).join('/');
    const name = `${label('verb')} ${resource}${label('dry_run') === '' ? '' : ' (dry run)'}`;
    if (!NOT_FOR_DEPLOYS.has(resource)) counts[name] = (counts[name] ?? 0) + Number(count);
  }
  return counts;
}

/** Heartbeats of the nodes and our own questions. */
const NOT_FOR_DEPLOYS = new Set(['', 'leases', 'nodes', 'nodes/status']);
