import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RequestGate } from '../fakes/request-gate.ts';
import { refusal } from './caller.ts';
import { type System, startSystem } from './system.ts';
import { changesOf, gatedWay, type Way } from './ways-to-the-cluster.ts';

let way: Way<RequestGate>;
let system: System;

beforeAll(async () => {
  way = await gatedWay();
  system = await startSystem({ kubeconfig: way.kubeconfig });
});

afterAll(async () => {
  await system?.stop();
  await way?.close();
});

describe('a second deploy', () => {
  it('while one runs is refused with a link to the one that runs', async () => {
    const { developer } = system.open.people;
    const key = { namespace: system.open.namespaceOf(), release: 'busy' };
    const hold = way.control.hold(changesOf(key));
    const created = await developer.create('busy', { version: '1.0.0' });
    expect(created.status).toBe(201);
    await hold.arrived;
    const second = await developer.deploy(created.body.id, { version: '1.1.0' });
    expect(refusal(second)).toEqual([409, 'runtime_busy']);
    const running = created.body.operation_id;
    expect(second.body['operation']).toEqual({ id: running, href: `/v1/operations/${running}` });
    hold.release();
    await developer.ends(running ?? '', 'succeeded');
    expect(await system.releases.revisions(key)).toEqual(['1 deployed']);
  });
});
