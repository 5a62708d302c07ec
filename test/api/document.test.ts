import { readFileSync } from 'node:fs';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { describe, expect, test } from 'vitest';
import { openApiDocument } from '../../api/openapi/document.ts';
import { problemsOf } from '../../api/openapi/route.ts';
import { ROUTES } from '../../api/openapi/routes.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { Document, isNode, type Node } from '../contract/document.ts';

const document = openApiDocument(packageJson.version);

describe('the OpenAPI document', () => {
  test('is the one that is checked in; after a change run: npm run --silent openapi > openapi.json', () => {
    const checkedIn = JSON.parse(readFileSync(new URL('../../openapi.json', import.meta.url), 'utf8'));
    expect(JSON.parse(JSON.stringify(document))).toEqual(checkedIn);
  });

  test('refers only to components it has', () => {
    const references = JSON.stringify(document).match(/#\/components\/[^"]+/g) ?? [];
    const missing = [...new Set(references)].filter(reference => {
      const [, , kind, name] = reference.split('/');
      return !(name && kind && name in ((document.components as Record<string, object>)[kind] ?? {}));
    });
    expect(missing).toEqual([]);
  });

  test('says nothing beside a reference that could contradict it', () => {
    const beside = nodesIn(document).flatMap(node =>
      '$ref' in node ? Object.keys(node).filter(key => key !== '$ref') : [],
    );
    expect([...new Set(beside)].sort()).toEqual(['default', 'description']);
  });

  test('says of every number in a request how small and how large it may be', () => {
    const numbers = requestNodes().filter(
      ({ type, enum: some }) =>
        some === undefined && [type].flat().some(one => NUMBERS.includes(String(one))),
    );
    expect(numbers.length).toBeGreaterThan(20);
    expect(numbers.filter(number => !isBounded(number))).toEqual([]);
  });

  test('has only patterns that the regular expressions of all languages read alike', () => {
    const patterns = new Set(nodesIn(document).flatMap(({ pattern }) => pattern ?? []));
    expect(patterns.size).toBeGreaterThan(20);
    expect([...patterns].filter(pattern => PARTICULAR.test(String(pattern)))).toEqual([]);
  });

  test('has one operation id for each route', () => {
    expect(new Set(ROUTES.map(route => route.operationId)).size).toBe(ROUTES.length);
  });

  test.each(ROUTES)('says how $operationId may be refused', route => {
    const responses = Object.keys(document.paths?.[route.path]?.[route.method]?.responses ?? {});
    expect(responses).toContain(String(route.answer.status));
    if (route.permission) expect(responses).toEqual(expect.arrayContaining(['401', '403', '503']));
    expect(problemsOf(route).length).toBeGreaterThan(0);
  });

  test('shows requests that its own schemas accept', () => {
    const examples = ROUTES.flatMap(route =>
      Object.entries(route.body?.examples ?? {}).map(([name, { value }]) => ({ route, name, value })),
    );
    expect(examples.length).toBeGreaterThan(5);
    for (const { route, name, value } of examples)
      expect(route.body?.schema.safeParse(value).error, `${route.operationId} ${name}`).toBeUndefined();
  });

  test('has nothing a linter would say, but for what is meant', async () => {
    const problems = await lintFromString({
      source: JSON.stringify(document),
      config: await createConfig({ extends: ['recommended'] }),
    });
    const said = problems.map(
      ({ ruleId, message, location }) => `${ruleId} ${location[0]?.pointer}: ${message}`,
    );
    expect(said.filter(line => !MEANT.some(meant => meant.test(line)))).toEqual([]);
  });

  test('shows examples that its own schemas have room for', () => {
    const served = new Document(JSON.parse(JSON.stringify(document)));
    const shown = examplesIn(served.root);
    expect(shown.length).toBeGreaterThan(20);
    const refused = shown.flatMap(({ pointer, schema, value }) => {
      const why = served.refusal(schema, value);
      return why === undefined ? [] : [`${pointer}: ${JSON.stringify(value)} ${why}`];
    });
    expect(refused).toEqual([]);
  });

  test('names every parameter of a path', () => {
    for (const route of ROUTES) {
      const parameters = document.paths?.[route.path]?.[route.method]?.parameters ?? [];
      const inPath = parameters.flatMap(each => ('name' in each && each.in === 'path' ? [each.name] : []));
      expect(inPath).toEqual([...route.path.matchAll(/\{(\w+)\}/g)].map(match => match[1]));
    }
  });
});

/** What the linter says of things that are as they shall be. */
const MEANT = [
  // Health is public and takes nothing that could be wrong.
  /^operation-4xx-response #\/paths\/~1health\/get/,
  // A record with all keys of an enumeration has them under propertyNames.
  /^no-required-schema-properties-undefined .*\/sizes\/required/,
];

const NUMBERS = ['integer', 'number'];

/** Classes whose members differ (Unicode or not), and looking around, which RE2 has not. */
const PARTICULAR = /\\[pPdDsSwWbB]|\(\?[=!<]/;

function isBounded({ minimum, exclusiveMinimum, maximum, exclusiveMaximum }: Node): boolean {
  return (minimum ?? exclusiveMinimum) !== undefined && (maximum ?? exclusiveMaximum) !== undefined;
}

/** Everything that a request may consist of, also what is referred to. */
function requestNodes(): Node[] {
  const served = new Document(JSON.parse(JSON.stringify(document)));
  const operations = Object.values(document.paths ?? {}).flatMap(path => Object.values(path));
  const asked = operations.flatMap(({ parameters, requestBody }) => nodesIn([parameters, requestBody]));
  const reached = new Set<unknown>();
  for (const node of asked) {
    const target = served.resolve(node);
    if (target === node || reached.has(target)) continue;
    reached.add(target);
    asked.push(...nodesIn(target));
  }
  return asked;
}

/** Every object below, and itself; what examples consist of is no part of it. */
function nodesIn(node: unknown): Node[] {
  if (Array.isArray(node)) return node.flatMap(nodesIn);
  if (!isNode(node)) return [];
  const inner = Object.entries(node).filter(([key]) => key !== 'examples' && key !== 'example');
  return [node, ...inner.flatMap(([, each]) => nodesIn(each))];
}

interface Example {
  readonly pointer: string;
  readonly schema: unknown;
  readonly value: unknown;
}

/** Every example in the document with the schema it stands beside: in schemas a list, in contents by name. */
function examplesIn(node: unknown, pointer = ''): Example[] {
  if (Array.isArray(node)) return node.flatMap((each, index) => examplesIn(each, `${pointer}/${index}`));
  if (!isNode(node)) return [];
  const { examples, example, schema } = node;
  const own = [
    ...(Array.isArray(examples) ? examples.map(value => ({ pointer, schema: node, value })) : []),
    ...(isNode(examples) && schema !== undefined
      ? Object.values(examples).map(each => ({ pointer, schema, value: isNode(each) ? each['value'] : each }))
      : []),
    ...(example !== undefined && schema !== undefined ? [{ pointer, schema, value: example }] : []),
  ];
  const inner = Object.entries(node).filter(([key]) => key !== 'examples' && key !== 'example');
  return [...own, ...inner.flatMap(([key, each]) => examplesIn(each, `${pointer}/${key}`))];
}
