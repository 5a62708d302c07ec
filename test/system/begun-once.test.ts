import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { contentsOf } from '../adapters/conformance/cluster-contents.ts';
import { must, refusal } from './caller.ts';
import { Subject } from './lifecycle.ts';
import { type System, startSystem } from './system.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 180_000 });

let system: System;

beforeAll(async () => {
  system = await startSystem();
});

afterAll(() => system?.stop());

/** Takes five seconds to come up, so that something runs for so long. */
const SLOW = { sandbox: { image: 'runtimeai.dev/sample-agent:1.0.0-slow-start-5s' } };

const developer = () => system.open.people.developer;
const sandbox = (name: string, spec: object = {}) =>
  ({ name, type: 'sandbox', spec: { size: 'small', ...spec } }) as const;

describe('while something is done to a runtime', () => {
  it('everything else is refused with a link to what runs, and can be asked for again after it', async () => {
    const runtime = must(201, await developer().post<{ id: string }>('/runtimes', sandbox('busy', SLOW)));
    const subject = new Subject(developer(), runtime.id);
    const [running] = await subject.operations();

    const answers = await Promise.all([
      subject.ask('stop'),
      subject.ask('scale', { size: 'large' }),
      subject.askActions([{ type: 'restart' }]),
      subject.askDelete(),
      developer().post(`/runtimes/${subject.id}/intent`, { goal: 'scale to large' }),
    ]);
    for (const answer of answers) {
      expect(refusal(answer)).toEqual([409, 'runtime_busy']);
      expect(answer.body).toMatchObject({
        operation: { id: running?.id, href: `/v1/operations/${running?.id}` },
      });
    }

    await developer().ends(running?.id ?? '', 'succeeded');
    expect(await subject.operations()).toHaveLength(1);
    await subject.has('stop');
    await subject.isDeleted();
  });

  it('of many that ask for different things at once, one is heard', async () => {
    const subject = await Subject.made(developer(), sandbox('contended', SLOW));
    const sizes = ['medium', 'large', 'xlarge'] as const;
    const answers = await Promise.all(sizes.map(size => subject.ask('scale', { size })));
    const heard = answers.filter(({ status }) => status === 202);
    const refused = answers.filter(({ status }) => status !== 202);
    expect(heard).toHaveLength(1);
    expect(refused.map(refusal)).toEqual(refused.map(() => [409, 'runtime_busy']));
    await developer().ends(heard[0]?.body.id ?? '', 'succeeded');
    await subject.isDeleted();
  });
});

describe('a request with an Idempotency-Key', () => {
  it('sent a hundred times at once makes one runtime by one operation', async () => {
    const project = 'one-of-a-hundred';
    const headers = { 'idempotency-key': 'create-one' };
    const body = { ...sandbox('one'), project };
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => developer().post<{ id: string }>('/runtimes', body, headers)),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
    const [id = '', ...others] = new Set(answers.map(answer => answer.body.id));
    expect(others).toEqual([]);
    expect(answers.filter(answer => answer.headers.get('idempotent-replayed') !== 'true')).toHaveLength(1);

    const subject = new Subject(developer(), id);
    const [operation, ...more] = await subject.operations();
    expect(more).toEqual([]);
    await developer().ends(operation?.id ?? '', 'succeeded');
    const contents = await contentsOf(system.kubernetes, system.open.namespaceOf(project));
    expect([...contents.keys()].filter(key => /^(Sandbox|Pod) /.test(key))).toEqual([
      'Pod one',
      'Sandbox one',
    ]);
    await subject.isDeleted();
  });

  it('sent a hundred times at once changes a runtime once', async () => {
    const subject = await Subject.made(developer(), sandbox('restarted'));
    const headers = { 'idempotency-key': 'restart-once' };
    const answers = await Promise.all(Array.from({ length: 100 }, () => subject.ask('restart', {}, headers)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    await developer().ends(answers[0]?.body.id ?? '', 'succeeded');

    const again = await subject.ask('restart', {}, headers);
    expect(must(202, again)).toMatchObject({ id: answers[0]?.body.id, outcome: 'succeeded' });
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect((await subject.operations()).map(({ kind }) => kind)).toEqual(['restart', 'create']);
    await subject.isDeleted();
  });

  it('is refused when the key was used for another body', async () => {
    const subject = await Subject.made(developer(), sandbox('once'));
    const headers = { 'idempotency-key': 'scale-once' };
    const first = must(202, await subject.ask('scale', { size: 'medium' }, headers));
    expect(refusal(await subject.ask('scale', { size: 'large' }, headers))).toEqual([
      422,
      'idempotency_key_reused',
    ]);
    await developer().ends(first.id, 'succeeded');
    expect(refusal(await subject.ask('scale', { size: 'large' }, headers))).toEqual([
      422,
      'idempotency_key_reused',
    ]);
    expect(await subject.read()).toMatchObject({ spec: { size: 'medium' } });
    await subject.isDeleted();
  });
});

describe('If-Match', () => {
  it('lets a change through only while the runtime is as it was read', async () => {
    const subject = await Subject.made(developer(), sandbox('versioned'));
    const read = await developer().get(`/runtimes/${subject.id}`);
    const headers = { 'if-match': read.headers.get('etag') ?? '' };
    const first = must(202, await subject.ask('scale', { size: 'medium' }, headers));
    await developer().ends(first.id, 'succeeded');

    expect(refusal(await subject.ask('scale', { size: 'large' }, headers))).toEqual([
      412,
      'precondition_failed',
    ]);
    expect(refusal(await subject.askDelete(headers))).toEqual([412, 'precondition_failed']);
    expect(refusal(await subject.askActions([{ type: 'stop' }], headers))).toEqual([
      412,
      'precondition_failed',
    ]);
    const goal = { goal: 'scale to large' };
    const intent = await developer().post(`/runtimes/${subject.id}/intent`, goal, headers);
    expect(refusal(intent)).toEqual([412, 'precondition_failed']);
    expect(await subject.read()).toMatchObject({ state: 'running', spec: { size: 'medium' } });
    await subject.isDeleted();
  });
});
