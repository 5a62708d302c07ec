import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { openApiDocument } from '../../api/openapi/document.ts';
import { problemsOf } from '../../api/openapi/route.ts';
import { ROUTES } from '../../api/openapi/routes.ts';
import packageJson from '../../package.json' with { type: 'json' };

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

  test('names every parameter of a path', () => {
    for (const route of ROUTES) {
      const parameters = document.paths?.[route.path]?.[route.method]?.parameters ?? [];
      const inPath = parameters.flatMap(each => ('name' in each && each.in === 'path' ? [each.name] : []));
      expect(inPath).toEqual([...route.path.matchAll(/\{(\w+)\}/g)].map(match => match[1]));
    }
  });
});
