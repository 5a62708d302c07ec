import { describe, expect, test } from 'vitest';
import { questionFor } from '../../test/builders/policies.ts';
import { evaluate, programOf } from './evaluate.ts';
import { wordsOf } from './words.ts';

const question = questionFor({
  runtime: { labels: { team: 'search' }, lifecycle: 'running' },
  requester: { groups: ['team-search', 'sre'], roles: ['developer'], kind: 'agent', on_behalf_of: 'prn_1' },
  before: { replicas: 2, cpu: 1 },
  desired: { replicas: 4, cpu: 2.5, image: 'registry.acme.eu/agent@sha256:abc' },
  cost: { before: 10, after: 25 },
  now: '2026-11-20T15:30:00.000Z',
});
const words = wordsOf(question);

describe('a condition', () => {
  test.each([
    ['desired.replicas > before.replicas', true],
    ['desired.replicas == before.replicas * 2', true],
    ['desired.cpu / before.cpu > 2.0', true],
    ['cost.after - cost.before > 20.0', false],
    ['double(desired.replicas) * 1.5 > 5.0', true],
    ['before != null && before.cpu < 2.0', true],
    ['desired.gpu_model == null', true],
    ['runtime.labels.team == "search"', true],
    ['runtime.labels["team"] in ["search", "ads"]', true],
    ['"owner" in runtime.labels && runtime.labels.owner == "me"', false],
    ['has(runtime.labels.owner)', false],
    ['runtime.lifecycle == "running"', true],
    ['requester.kind == "agent" && requester.on_behalf_of == null', false],
    ['requester.groups.exists(g, g.startsWith("team-"))', true],
    ['requester.groups.all(g, g.startsWith("team-"))', false],
    ['requester.groups.exists_one(g, g == "sre")', true],
    ['requester.roles.exists(r, requester.groups.size() > 1 && r == "developer")', true],
    ['["tenant_admin", "operator"].exists(r, r in requester.roles)', false],
    ['desired.image.matches("^registry[.]acme[.]eu/.*@sha256:")', true],
    ['now.getDayOfWeek("Europe/Amsterdam") == 5 && now.getHours("Europe/Amsterdam") == 16', true],
    ['now > timestamp("2026-11-01T00:00:00Z") + duration("24h")', true],
    ['environment == "production" ? desired.replicas >= 2 : true', true],
    ['{"search": 3, "ads": 5}[runtime.labels.team] < desired.replicas', true],
    ['size(runtime.name) <= 40 && !runtime.name.contains("test")', true],
  ])('%s is %s', (text, holds) => {
    expect(evaluate(text, words)).toEqual({ holds });
  });

  test.each([
    ['runtime.labels.owner == "me"', 'field not found: owner'],
    ['1 / 0 == 1', 'divide by zero'],
    ['dyn(desired.replicas)', 'neither true nor false'],
    ['runtime.labels.team', 'comes to a text and not to true or false'],
    ['1 +', 'line 1, column 3'],
  ])('%s is an error', (text, error) => {
    expect(evaluate(text, words)).toEqual({ error: expect.stringContaining(error) });
  });

  test('that asks what was before a new runtime is an error', () => {
    const fresh = wordsOf(questionFor({ before: null }));
    expect(evaluate('before.cpu < 2.0', fresh)).toEqual({
      error: expect.stringContaining('field not found'),
    });
    expect(evaluate('before != null && before.cpu < 2.0', fresh)).toEqual({ holds: false });
  });

  test('that takes too long twice is an error, once is a pause of the process', () => {
    const took = (milliseconds: number) => () => () => milliseconds;
    expect(evaluate('true', words, [took(6), took(6)])).toEqual({
      error: 'its condition took more than 5 ms',
    });
    expect(evaluate('true', words, [took(6), took(1)])).toEqual({ holds: true });
  });

  test('is read once', () => {
    expect(programOf('desired.gpus == 0')).toBe(programOf('desired.gpus == 0'));
  });

  test('forgets what was used longest ago, so that many conditions take no more than so much memory', () => {
    const first = programOf('desired.gpus == -1');
    for (let gpus = 0; gpus < 150; gpus += 1) programOf(`desired.gpus == ${gpus}${' '.repeat(1500)}`);
    expect(programOf('desired.gpus == -1')).not.toBe(first);
  });
});

describe('the words of a question', () => {
  test.each([
    [
      'a long text',
      questionFor({ requester: { name: 'x'.repeat(513) } }),
      'requester.name has 513 characters',
    ],
    [
      'many labels',
      questionFor({
        runtime: { labels: Object.fromEntries(Array.from({ length: 251 }, (_, n) => [`l${n}`, ''])) },
      }),
      'runtime.labels has 251 entries',
    ],
    [
      'many groups',
      questionFor({ requester: { groups: Array(251).fill('g') } }),
      'requester.groups has 251 entries',
    ],
    [
      'much text in all',
      questionFor({ requester: { groups: Array(100).fill('g'.repeat(400)) } }),
      'more than 32768 characters',
    ],
    ['a time that is none', { ...question, now: 'yesterday' }, 'now is "yesterday"'],
  ])('with %s are not asked about', (_, question, error) => {
    expect(evaluate('true', wordsOf(question))).toEqual({ error: expect.stringContaining(error) });
  });

  test('are only those of the schema', () => {
    const more = { ...question, secret: 'x', runtime: { ...question.runtime, secret: 'x' } };
    expect(wordsOf(more)).toEqual(words);
    expect(JSON.parse('{"__proto__": {"owner": "me"}}')).toBeTruthy();
    const labels = JSON.parse('{"__proto__": "x", "team": "search"}') as Record<string, string>;
    const odd = wordsOf({ ...question, runtime: { ...question.runtime, labels } });
    expect(evaluate('has(runtime.labels.toString)', odd)).toEqual({ holds: false });
    expect(evaluate('runtime.labels.team == "search"', odd)).toEqual({ holds: true });
  });
});
