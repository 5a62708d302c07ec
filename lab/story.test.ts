import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { playStory } from './story.ts';

let server: Server;

afterEach(() => {
  server.close();
});

test('a deploy that an earlier start left waiting is approved and seen to its end before the story begins', async () => {
  const api = await interrupted('awaiting_approval');
  await expect(play(api.url)).rejects.toThrow(/\/deployments answered 418/);
  expect(api.posts).toEqual(['/v1/approvals/apr_1/decision', '/v1/runtimes/rt_1/deployments']);
});

test('one that needs attention is abandoned first', async () => {
  const api = await interrupted('needs_attention');
  await expect(play(api.url)).rejects.toThrow(/\/deployments answered 418/);
  expect(api.posts).toEqual(['/v1/operations/op_1/resolve', '/v1/runtimes/rt_1/deployments']);
});

function play(apiUrl: string): Promise<unknown> {
  return playStory({
    apiUrl,
    developerKey: 'developer',
    approverKey: 'approver',
    runtimeName: 'support-agent',
    realNode: false,
    say: () => undefined,
    signal: new AbortController().signal,
  });
}

/** An API whose only runtime is in the middle of an operation, which any message brings to its end; it takes no deploys. */
async function interrupted(stage: string): Promise<{ url: string; posts: string[] }> {
  const posts: string[] = [];
  const operation = () => {
    const ended = posts.length > 0;
    return {
      id: 'op_1',
      approval_id: 'apr_1',
      stage: ended ? 'finished' : stage,
      finished_at: ended ? 'now' : null,
    };
  };
  server = createServer((request, response) => {
    const path = request.url ?? '';
    if (request.method === 'POST') posts.push(path);
    response.statusCode = path.endsWith('/deployments') ? 418 : 200;
    const runtimes = {
      items: [{ id: 'rt_1', name: 'support-agent', state: 'running', operation_id: 'op_1' }],
    };
    response.end(JSON.stringify(path.startsWith('/v1/runtimes?') ? runtimes : operation()));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, posts };
}
