import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { openApiDocument } from '../../api/openapi/document.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { compareDocuments, type Difference } from '../contract/compare.ts';
import { Document } from '../contract/document.ts';

const contractText = readFileSync(new URL('../contract/runtimeai-openapi.yaml', import.meta.url), 'utf8');
const contract = new Document(parse(contractText));
const served = new Document(JSON.parse(JSON.stringify(openApiDocument(packageJson.version))));
const { missing, differences } = compareDocuments({ contract, served });

/** Where a request may be refused that the contract would let pass, and why. Nothing else may be stricter. */
const STRICTER: readonly { readonly where: RegExp; readonly what: RegExp; readonly because: string }[] = [
  {
    where: / body.*/,
    what: /^takes no unknown fields$/,
    because: 'a field that nobody reads would be ignored, and whoever sent it relies on it',
  },
  {
    where: /^POST \/runtimes body\.name$/,
    what: /^has a (minLength|maxLength|pattern)$/,
    because: 'it becomes the name of Kubernetes objects',
  },
  {
    where: / body\.tenant_id$/,
    what: /^has a (minLength|maxLength|pattern)$/,
    because: 'it may only be the tenant of the key, and tenants have such names',
  },
  {
    where: / body\.labels(\.\*)?$/,
    what: /^has a (propertyNames|maxLength|pattern)$/,
    because: 'they become labels of Kubernetes objects',
  },
  {
    where: / body\.(spec\.)?size$/,
    what: /^takes only listed values$/,
    because: 'a size that has no resources would be a runtime without any',
  },
  {
    where: / body\.(spec\.)?resources\.\w+$/,
    what: /^has a (minimum|maximum|maxLength|pattern)$/,
    because: 'they become Kubernetes quantities, and some of them no cluster could give',
  },
  {
    where: / body\.spec\.security\.compliance(\[\])?$/,
    what: /^has a (maxItems|maxLength)$/,
    because: 'each word is looked up in the settings',
  },
  {
    where: /\/lifecycle\/(start|snapshot) body\.(reason|description)$/,
    what: /^has a (maxLength|pattern)$/,
    because: 'they are kept with every event, and PostgreSQL keeps no NUL',
  },
  {
    where: /\/lifecycle\/stop body\.timeout_seconds$/,
    what: /^has a (minimum|maximum)$/,
    because: 'it becomes a grace period in the cluster, and the operation waits for it',
  },
  {
    where: /\/lifecycle\/snapshot body\.name$/,
    what: /^has a (minLength|maxLength|pattern)$/,
    because: 'it becomes the name of Kubernetes objects',
  },
  {
    where: / body\.(goal|signals|constraints|context)$/,
    what: /^has a (minLength|maxLength|propertyNames)$/,
    because: 'a goal without words has no plan, and all of it is kept with the intent',
  },
  {
    where: /\/actions\/execute body\.actions$/,
    what: /^has a (minItems|maxItems)$/,
    because: 'no action is no operation, and each one is a change in the cluster that the next waits for',
  },
  {
    where: /\/actions\/execute body\.actions\[\]$/,
    what: /^takes no unknown fields$/,
    because: 'a field that nobody reads would be ignored, and whoever sent it relies on it',
  },
  {
    where: / body\.idempotency_key$/,
    what: /^has a pattern$/,
    because: 'it is the same key as in the header, which can carry nothing else',
  },
  {
    where: / parameter page_token$/,
    what: /^has a maxLength$/,
    because: 'a longer one is none of ours',
  },
  {
    where: /^POST \/policies body\.(name|rules)$/,
    what: /^has a (minLength|maxLength|pattern|maxItems)$/,
    because: 'names are shown in verdicts, and every rule is read at each admission',
  },
  {
    where: /^\w+ \/policies (body|parameter)[. ]scope_env$/,
    what: /^takes only listed values$/,
    because: 'a policy for an environment that does not exist would never hold',
  },
];

describe('the contract', () => {
  test('is served whole', () => {
    expect(missing).toEqual([]);
  });

  test('is nowhere loosened or changed', () => {
    expect(differences.filter(({ kind }) => kind === 'looser').map(inWords)).toEqual([]);
  });

  test('is made stricter only for a listed reason', () => {
    const unexplained = differences.filter(each => each.kind === 'stricter' && reasonsFor(each).length === 0);
    expect(unexplained.map(inWords)).toEqual([]);
  });

  test.each(STRICTER)('$where $what, because $because', reason => {
    expect(differences.some(each => reasonsFor(each).includes(reason))).toBe(true);
  });
});

describe('the comparison', () => {
  const operation = {
    operationId: 'make',
    summary: 'Make',
    tags: ['Things'],
    parameters: [{ name: 'since', in: 'query', schema: { type: 'string', format: 'date-time' } }],
    requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Thing' } } } },
    responses: {
      200: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Thing' } } } },
    },
  };
  const thing = {
    type: 'object',
    required: ['name'],
    properties: {
      name: { type: 'string' },
      note: { type: 'string', nullable: true },
      kind: { type: 'string', enum: ['a', 'b'], default: 'a' },
      size: { type: 'integer', minimum: 1, maximum: 9, example: 6 },
      free: { type: 'object', additionalProperties: {} },
    },
  };
  const documentOf = (changes: object = {}, ofThing: object = {}) =>
    new Document({
      paths: { '/things': { post: { ...operation, ...changes } } },
      components: { schemas: { Thing: { ...thing, ...ofThing } } },
    });
  const found = (other: Document) =>
    compareDocuments({ contract: documentOf(), served: other }).differences.map(inWords);
  const changed = (name: keyof typeof thing.properties, schema: object) =>
    documentOf({}, { properties: { ...thing.properties, [name]: schema } });

  test('finds nothing between equal documents, however null is written', () => {
    expect(found(documentOf())).toEqual([]);
    expect(found(changed('note', { type: ['string', 'null'] }))).toEqual([]);
    expect(found(changed('note', { anyOf: [{ type: 'string' }, { type: 'null' }] }))).toEqual([]);
  });

  test.each([
    ['a field that is gone', documentOf({}, { properties: {} }), 'POST /things body.name is missing'],
    ['a promise that is gone', documentOf({}, { required: [] }), 'POST /things 200 does not require name'],
    ['a new demand', documentOf({}, { required: ['name', 'kind'] }), 'POST /things body requires kind'],
    ['another type', changed('name', { type: 'integer' }), 'POST /things body.name does not take string'],
    [
      'null that is refused',
      changed('note', { type: 'string' }),
      'POST /things body.note does not take null',
    ],
    ['null that is new', changed('name', { type: ['string', 'null'] }), 'POST /things 200.name may be null'],
    [
      'a word that is gone',
      changed('kind', { type: 'string', enum: ['a'], default: 'a' }),
      'POST /things body.kind lacks b',
    ],
    [
      'a word that is new',
      changed('kind', { type: 'string', enum: ['a', 'b', 'c'], default: 'a' }),
      'POST /things 200.kind has c as well',
    ],
    [
      'words that are free',
      changed('kind', { type: 'string', default: 'a' }),
      'POST /things 200.kind has any value',
    ],
    [
      'another default',
      changed('kind', { type: 'string', enum: ['a', 'b'], default: 'b' }),
      'POST /things body.kind has the default b, not a',
    ],
    [
      'another bound',
      changed('size', { type: 'integer', minimum: 1 }),
      'POST /things body.size has the maximum undefined, not 9',
    ],
    [
      'a new bound',
      changed('name', { type: 'string', pattern: 'x' }),
      'POST /things body.name has a pattern',
    ],
    [
      'fields that were free',
      changed('free', { type: 'object' }),
      'POST /things body.free has no free fields',
    ],
    [
      'fields that are refused',
      documentOf({}, { additionalProperties: false }),
      'POST /things body takes no unknown fields',
    ],
    ['a parameter that is gone', documentOf({ parameters: [] }), 'POST /things parameter since is missing'],
    [
      'another format',
      documentOf({ parameters: [{ name: 'since', in: 'query', schema: { type: 'string' } }] }),
      'POST /things parameter since has the format undefined, not date-time',
    ],
    ['another status', documentOf({ responses: { 201: {} } }), 'POST /things 200 is not answered; only 201'],
    [
      'a body that is needed',
      documentOf({ requestBody: { ...operation.requestBody, required: true } }),
      'POST /things body is required',
    ],
    [
      'an example that is refused',
      changed('size', { type: 'integer', minimum: 1, maximum: 9, multipleOf: 4 }),
      'POST /things body.size refuses the example 6',
    ],
    ['another operation id', documentOf({ operationId: 'do' }), 'POST /things operationId is do, not make'],
  ])('finds %s', (_, other, difference) => {
    expect(found(other)).toContain(difference);
  });
});

function inWords({ where, what }: Pick<Difference, 'where' | 'what'>): string {
  return `${where} ${what}`;
}

function reasonsFor({ where, what, kind }: Difference) {
  return kind === 'stricter' ? STRICTER.filter(each => each.where.test(where) && each.what.test(what)) : [];
}
