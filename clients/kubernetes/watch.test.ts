import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answerJson, FakeKubernetesApi, statusObject } from '../../test/fakes/kubernetes-api.ts';
import { until } from '../../test/until.ts';
import { startWatch, type Watch, type WatchTrouble } from './watch.ts';

interface Kept {
  readonly name: string;
  readonly value: unknown;
}

let api: FakeKubernetesApi;
let watch: Watch<Kept> | undefined;
let changes: string[];
let troubles: WatchTrouble[];

beforeEach(async () => {
  api = await FakeKubernetesApi.start();
  changes = [];
  troubles = [];
});

afterEach(async () => {
  await watch?.stop();
  await api.stop();
});

function start(roundSeconds = 1): Watch<Kept> {
  watch = startWatch<Kept>({
    connection: api.connection,
    apiVersion: 'v1',
    kind: 'Pod',
    labelSelector: 'runtimeai.dev/runtime',
    roundSeconds,
    project: object => ({ name: object.metadata.name, value: object['value'] }),
    onChange: ({ type, object }) => changes.push(`${type} ${object.name}`),
    onTrouble: trouble => troubles.push(trouble),
  });
  return watch;
}

function names(): string[] {
  return [...(watch?.objects.values() ?? [])].map(kept => kept.name).sort();
}

describe('startWatch', () => {
  it('lists in pages and keeps only what it was told to keep', async () => {
    api.pageSize = 2;
    for (const name of ['a', 'b', 'c', 'd', 'e']) api.put(name, { value: name, ballast: 'x'.repeat(1000) });
    const { listed, objects } = start();
    await listed;
    expect(names()).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(objects.get('uid-a')).toEqual({ name: 'a', value: 'a' });
    expect(api.lists().map(request => request.query.get('continue'))).toEqual([null, '2', '4']);
    expect(api.lists()[0]?.query.get('labelSelector')).toBe('runtimeai.dev/runtime');
  });

  it('hears of objects that come, change and go, in their order', async () => {
    api.put('a');
    await start().listed;
    await until('it watches', () => api.watches().length > 0);
    api.put('b');
    api.put('b', { value: 2 });
    api.remove('a');
    await until('all was heard', () => changes.length === 4);
    expect(changes).toEqual(['put a', 'put b', 'put b', 'removed a']);
    expect(names()).toEqual(['b']);
  });

  it('is heard of at least once a round though nothing happens', async () => {
    const { listed, ageSeconds } = start();
    await listed;
    const ages: number[] = [];
    await until('three rounds are over', () => {
      ages.push(ageSeconds());
      return api.watches().length >= 4;
    });
    expect(Math.max(...ages)).toBeLessThan(1.5);
    expect(api.lists()).toHaveLength(1);
    expect(troubles).toEqual([]);
  });

  it('goes on from the newest version after a planned end, bookmarks included', async () => {
    api.put('a');
    await start().listed;
    api.expire();
    await until('a second round begins', () => api.watches().length >= 3);
    expect(api.watches().map(request => request.query.get('resourceVersion'))).toContain('102');
    expect(api.lists().length).toBeLessThanOrEqual(2);
  });

  it('loses nothing when the connection is cut in the middle', async () => {
    await start(5).listed;
    await until('it watches', () => api.watches().length === 1);
    api.cut();
    api.put('while-away');
    await until('it is back', () => names().includes('while-away'));
    expect(api.lists()).toHaveLength(1);
    expect(troubles).toHaveLength(1);
    expect(troubles[0]?.relist).toBe(false);
  });

  it('lists again after 410 and removes what went meanwhile', async () => {
    api.put('stays');
    api.put('goes');
    await start(5).listed;
    await until('it watches', () => api.watches().length === 1);
    api.remove('goes', { unheard: true });
    api.put('new', {}, { unheard: true });
    api.expire();
    api.cut();
    await until('it is right again', () => names().join() === 'new,stays');
    expect(changes).toEqual(['put stays', 'put goes', 'put new', 'removed goes']);
    expect(troubles.some(trouble => trouble.relist && trouble.reason.includes('410'))).toBe(true);
  });

  it('finds out that a stream is dead though it is open, and is right again within two rounds and a little', async () => {
    await start(1).listed;
    await until('it watches', () => api.watches().length === 1);
    api.silent = true;
    api.put('unseen', {}, { unheard: true });
    const begun = Date.now();
    await until('it listed again', () => names().includes('unseen'));
    expect(Date.now() - begun).toBeLessThan(4000);
    expect(troubles[0]?.reason).toContain('sent nothing for 2 s');
  });

  it('grows old while the server accepts everything and says nothing', async () => {
    const { listed, ageSeconds } = start(1);
    await listed;
    api.silent = true;
    await until('it is older than a round', () => ageSeconds() > 1.5);
  });

  it('lists again after a line that is no event', async () => {
    await start(5).listed;
    await until('it watches', () => api.watches().length === 1);
    api.put('unseen', {}, { unheard: true });
    api.sendRaw('{"type":"ADDED","object":{"metadata"\n');
    await until('it listed again', () => names().includes('unseen'));
    expect(troubles[0]?.reason).toContain('no JSON');
  });

  it('backs off while the server refuses, and gets over it', async () => {
    api.put('a');
    for (let i = 0; i < 3; i++)
      api.misbehaveOnce(
        () => true,
        (_request, response) => answerJson(response, 500, statusObject(500, 'InternalError', 'etcd is away')),
      );
    await start().listed;
    expect(names()).toEqual(['a']);
    expect(troubles).toHaveLength(3);
    expect(troubles[2]?.retryInMs).toBeGreaterThan(troubles[0]?.retryInMs ?? Number.POSITIVE_INFINITY);
  });

  it('does not hammer a server that ends every stream at once', async () => {
    await start(5).listed;
    for (let i = 0; i < 20; i++)
      api.misbehaveOnce(
        request => request.query.has('watch'),
        (_request, response) => response.writeHead(200).end(),
      );
    api.cut();
    await until('it was ended three times', () => troubles.length >= 3);
    expect(troubles[2]?.retryInMs).toBeGreaterThanOrEqual(500);
    expect(troubles.at(-1)?.reason).toMatch(/ended after .* s instead of 5/);
  });

  it('ends at once when stopped, also while it pauses', async () => {
    api.misbehaveOnce(
      () => true,
      (_request, response) => answerJson(response, 403, statusObject(403, 'Forbidden', 'no')),
    );
    const running = start();
    await until('it was refused', () => troubles.length === 1);
    await running.stop();
    const asked = api.requests.length;
    expect(asked).toBe(1);
  });
});
