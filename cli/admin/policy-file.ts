import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { STARTER_POLICIES } from '../../db/policies.ts';
import { Enforcement, type NewPolicy, PolicyName, PolicyRule } from '../../domain/policy.ts';
import { Environment } from '../../domain/tenant.ts';
import { checkRules } from '../../policy/check-rules.ts';
import { PartialQuestion, PolicyFixture } from '../../policy/suite.ts';

const NamedPolicy = z.strictObject({
  name: PolicyName,
  scope_env: Environment.nullable().optional(),
  mode: Enforcement.optional(),
  rules: z.array(PolicyRule).min(1),
});
const Policies = z.array(NamedPolicy).min(1);
const PolicyFile = z.strictObject({ policies: Policies }).transform(file => file.policies);

const Fixtures = z.array(PolicyFixture).min(1);
const FixtureFile = z.strictObject({ fixtures: Fixtures, policies: Policies.optional() });

/** Fixtures, with the policies to hold against them where the file has some. */
export interface Suite {
  readonly fixtures: readonly PolicyFixture[];
  readonly policies?: readonly NewPolicy[] | undefined;
}

/** The policies of a starter name (`sample`, `open`) or of a YAML or JSON file: one policy, a list, or `policies: [...]`. */
export function policiesFrom(nameOrFile: string): readonly NewPolicy[] {
  if (nameOrFile === 'sample' || nameOrFile === 'open') return [STARTER_POLICIES[nameOrFile]];
  const content = contentOf(nameOrFile, 'neither "sample" nor "open", nor a file that can be read');
  const policies = parsed(formOf(content), content, {
    what: `${nameOrFile} is not a policy`,
    next: 'policy show --tenant ID prints policies as they are written.',
  });
  refuseUnenforced(nameOrFile, policies);
  return policies;
}

/** The fixtures of a YAML or JSON file: a list, or `fixtures: [...]` with or without `policies: [...]`. */
export function suiteFrom(file: string): Suite {
  const content = contentOf(file, 'no file that can be read');
  const suite = parsed(FixtureFile, Array.isArray(content) ? { fixtures: content } : content, {
    what: `${file} holds no fixtures`,
    next: 'docs/policies.md shows what one looks like.',
  });
  refuseUnenforced(file, suite.policies ?? []);
  return suite;
}

/** A question of a YAML or JSON file, as fixtures have it. */
export function questionFrom(file: string): PartialQuestion {
  const content = contentOf(file, 'no file that can be read');
  return parsed(PartialQuestion, content, {
    what: `${file} is not a question`,
    next: 'docs/policies.md names its words.',
  });
}

/** One of the three forms, chosen first, so that an error names the place within it. */
function formOf(content: unknown): z.ZodType<NewPolicy[]> {
  if (Array.isArray(content)) return Policies;
  if (typeof content === 'object' && content !== null && 'policies' in content) return PolicyFile;
  return NamedPolicy.transform(policy => [policy]);
}

function refuseUnenforced(file: string, policies: readonly NewPolicy[]): void {
  const problems = policies.flatMap(({ name, scope_env = null, rules }) =>
    checkRules(rules, { scope_env }).map(
      ({ path: [index, ...path], message }) =>
        `policy ${JSON.stringify(name)}, rule ${Number(index) + 1}, ${path.join('.')}: ${message}`,
    ),
  );
  if (problems.length === 0) return;
  throw new Error(`${file} has rules that nobody would enforce:\n${problems.join('\n')}`);
}

function parsed<T>(schema: z.ZodType<T>, content: unknown, words: { what: string; next: string }): T {
  const result = schema.safeParse(content);
  if (result.success) return result.data;
  throw new Error(`${words.what}:\n${z.prettifyError(result.error)}\n${words.next}`);
}

function contentOf(path: string, otherwise: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new Error(`${path} is ${otherwise}.`, { cause });
  }
  return parse(text);
}
