import { readFileSync } from 'node:fs';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { describe, expect, test } from 'vitest';
import { openApiDocument } from '../../api/openapi/document.ts';
import { problemsOf } from '../../api/openapi/route.ts';
import { ROUTES } from '../../api/openapi/routes.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { Document, isNode } from '../contract/document.ts';

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
