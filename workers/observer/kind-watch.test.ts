import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answerJson, FakeKubernetesApi, statusObject } from '../../test/fakes/kubernetes-api.ts';
import { until } from '../../test/until.ts';
import { type KindState, type KindWatch, startKindWatch } from './kind-watch.ts';

const GROUP = 'gadgets.test/v1';

let api: FakeKubernetesApi;
let watch: KindWatch;
let changes: string[];
let states: KindState[];
let troubles: string[];

beforeEach(async () => {
  api = await FakeKubernetesApi.start();
  [changes, states, troubles] = [[], [], []];
});

afterEach(async () => {
  await watch.stop();
  await api.stop();
});

function start(): void {
  watch = startKindWatch({
    connection: api.connection,
    apiVersion: GROUP,
    kind: 'Gadget',
    labelSelector: 'runtimeai.dev/runtime',
    roundSeconds: 1,
    project: object => object.metadata.name,
    onChange: ({ type, object }) => changes.push(`${type} ${object}`),
    onTrouble: ({ reason }) => troubles.push(reason),
    onState: state => states.push(state),
  });
}

const install = () => api.installed.set(GROUP, [{ name: 'gadgets', kind: 'Gadget' }]);
const becomes = (state: KindState) => until(`it is ${state}`, () => watch.state() === state);

describe('following a kind', () => {
  it('that is not installed is no trouble and no blindness', async () => {
    start();
    await becomes('not_installed');
    await until('it looked three times', () => api.requests.length >= 3);
    expect(watch.ageSeconds()).toBeLessThan(1.5);
    expect(troubles).toEqual([]);
    expect(states).toEqual(['not_installed']);
  });

  it('begins when it is installed, by the plural the API server says', async () => {
    start();
    await becomes('not_installed');
    install();
    api.put('one');
    await becomes('followed');
    expect(changes).toEqual(['put one']);
    expect(api.watches()[0]?.path ?? '/apis/gadgets.test/v1/gadgets').toBe('/apis/gadgets.test/v1/gadgets');
    expect(watch.count()).toBe(1);
    expect(states).toEqual(['not_installed', 'listing', 'followed']);
  });

  it('ends when it is taken away: what it had is gone, and it is looked for again', async () => {
    install();
    api.put('one');
    start();
    await becomes('followed');
    await until('it watches', () => api.watches().length > 0);
    api.installed.clear();
    api.cut();
    await becomes('not_installed');
    expect(changes).toEqual(['put one', 'removed one']);
    expect(watch.count()).toBe(0);
    install();
    await becomes('followed');
    expect(changes.at(-1)).toBe('put one');
  });

  it('that falls silent grows old, and says so', async () => {
    install();
    start();
    await becomes('followed');
    await until('it watches', () => api.watches().length > 0);
    api.silent = true;
    await until('it is old', () => watch.ageSeconds() > 2.5);
    expect(troubles.some(reason => /nothing for 2 s|ended early|EndedEarly/.test(reason))).toBe(true);
    expect(watch.state()).toBe('followed');
  });

  it('of which nobody says whether it is there grows old as well', async () => {
    const refuse = () =>
      api.misbehaveOnce(
        () => true,
        (_, response) => {
          refuse();
          answerJson(response, 503, statusObject(503, 'ServiceUnavailable', 'the aggregated API is away'));
        },
      );
    refuse();
    start();
    await until('it is old', () => watch.ageSeconds() > 2);
    expect(watch.state()).toBe('looking');
    expect(troubles[0]).toContain('Asking whether gadgets.test/v1 has Gadget');
  });
});
