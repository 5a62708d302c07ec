import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { env } from 'node:process';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { AgentRuntimeValues, agentRuntimeValuesJsonSchema } from '../../domain/chart-values.ts';
import { CHART, EXAMPLES, example, helm, rendered } from './chart.ts';

const GOLDEN = new URL('golden/', import.meta.url).pathname;

describe.each(EXAMPLES)('example %s', name => {
  it('renders what is checked in (UPDATE_GOLDEN=1 writes it anew)', () => {
    expectCheckedIn(join(GOLDEN, `${name}.yaml`), rendered(example(name)).text);
  });

  it('passes helm lint --strict', () => {
    const answer = helm(['lint', '--strict', CHART, '--values', join(CHART, 'examples', `${name}.yaml`)]);
    expect(answer.stdout + answer.stderr).toContain('1 chart(s) linted, 0 chart(s) failed');
    expect(answer.status).toBe(0);
  });

  it('renders the same from its parsed values, so both sides have the same defaults', () => {
    expect(rendered(AgentRuntimeValues.parse(example(name))).text).toBe(rendered(example(name)).text);
  });
});

describe('the defaults', () => {
  it('are the same in values.yaml as in the domain', () => {
    const defaults = parse(readFileSync(join(CHART, 'values.yaml'), 'utf8'));
    const { identity, image, framework, resources, governance } = example('minimal');
    const required = { identity, image, framework, resources, governance };
    expect(AgentRuntimeValues.parse(required)).toStrictEqual({ ...defaults, ...required });
  });
});

describe('values.schema.json', () => {
  it('is the one made from the domain (UPDATE_GOLDEN=1 writes it anew)', () => {
    expectCheckedIn(join(CHART, 'values.schema.json'), agentRuntimeValuesJsonSchema());
  });

  it('refuses unknown properties of every object whose properties it names', () => {
    const open = objectsWithProperties(JSON.parse(agentRuntimeValuesJsonSchema())).filter(
      schema => schema['additionalProperties'] !== false,
    );
    expect(open).toStrictEqual([]);
  });
});

function expectCheckedIn(path: string, text: string): void {
  if (env['UPDATE_GOLDEN'] === '1') writeFileSync(path, text);
  expect(text).toBe(readFileSync(path, 'utf8'));
}

function objectsWithProperties(schema: unknown): Record<string, unknown>[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const below = Object.values(schema).flatMap(objectsWithProperties);
  const isObject = 'type' in schema && schema.type === 'object' && 'properties' in schema;
  return isObject ? [schema as Record<string, unknown>, ...below] : below;
}
