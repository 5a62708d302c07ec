import type { FastifyReply, FastifyRequest } from 'fastify';
import { describe, expect, test } from 'vitest';
import { ifMatchVersions, requireVersion, tagged } from './etag.ts';

describe('If-Match', () => {
  test.each([
    [undefined, undefined],
    ['*', undefined],
    ['"3"', [3]],
    ['"3.Zm9vYmFy-_12"', [3]],
    ['"1", "2" ,"3.x"', [1, 2, 3]],
    [', "4",', [4]],
    ['W/"3"', []],
    ['W/"3", "4"', [4]],
    ['"other"', []],
    ['"03"', []],
    ['"W/3"', []],
  ])('%s asks for the versions %j', (header, versions) => {
    expect(ifMatchVersions({ headers: { 'if-match': header } })).toEqual(versions);
  });

  test.each(['3', '"3', '""3"', 'W/', '"1" "2"', '', 'w/"3"'])(
    '%j is no list of tags, and met by no version',
    header => {
      expect(ifMatchVersions({ headers: { 'if-match': header } })).toEqual([]);
    },
  );

  test.each([
    [undefined, true],
    [[3], true],
    [[2, 3], true],
    [[2], false],
    [[], false],
  ])('the versions %j let version 3 pass: %s', (expected, passes) => {
    if (passes) expect(() => requireVersion(expected, 3)).not.toThrow();
    else expect(() => requireVersion(expected, 3)).toThrow('the current version, which is "3"');
  });
});

describe('an answer with an ETag', () => {
  const answer = (body: unknown, ifNoneMatch?: string) => {
    const sent: { status: number; headers: Record<string, unknown> } = { status: 200, headers: {} };
    const reply = {
      header: (name: string, value: unknown) => (sent.headers[name] = value),
      code: (status: number) => (sent.status = status),
    } as unknown as FastifyReply;
    const request = { headers: { 'if-none-match': ifNoneMatch } } as unknown as FastifyRequest;
    return { text: tagged({ request, reply }, { version: 7, body }), ...sent };
  };
  const tag = String(answer({ state: 'running' }).headers['etag']);

  test('names the version, and something else when the body differs', () => {
    expect(tag).toMatch(/^"7\.[\w-]{12}"$/);
    expect(answer({ state: 'degraded' }).headers['etag']).not.toBe(tag);
    expect(answer({ state: 'running' })).toMatchObject({
      status: 200,
      text: '{"state":"running"}',
      headers: { etag: tag, 'content-type': 'application/json; charset=utf-8' },
    });
  });

  test.each([tag, `W/${tag}`, `"other", ${tag}`, '*'])('is 304 without a body for %s', header => {
    expect(answer({ state: 'running' }, header)).toEqual({
      status: 304,
      text: undefined,
      headers: { etag: tag },
    });
  });

  test.each(['"7"', '"other"', 'nonsense'])('is sent in full for %s', header => {
    expect(answer({ state: 'running' }, header)).toMatchObject({ status: 200, text: '{"state":"running"}' });
  });
});
