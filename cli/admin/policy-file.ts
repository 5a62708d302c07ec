import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { type NewPolicy, STARTER_POLICIES } from '../../db/policies.ts';
import { PolicyRule } from '../../domain/policy.ts';
import { Environment } from '../../domain/tenant.ts';

const NamedPolicy = z.strictObject({
  name: z.string().min(1).max(63),
  scope_env: Environment.nullable().optional(),
  rules: z.array(PolicyRule).min(1),
});
const Policies = z.array(NamedPolicy).min(1);
const PolicyFile = z.strictObject({ policies: Policies }).transform(file => file.policies);

/** The policies of a starter name (`sample`, `open`) or of a YAML or JSON file: one policy, a list, or `policies: [...]`. */
export function policiesFrom(nameOrFile: string): readonly NewPolicy[] {
  if (nameOrFile === 'sample' || nameOrFile === 'open') return [STARTER_POLICIES[nameOrFile]];
  const content: unknown = parse(readPolicyFile(nameOrFile));
  const parsed = formOf(content).safeParse(content);
  if (parsed.success) return parsed.data;
  throw new Error(
    `${nameOrFile} is not a policy:\n${z.prettifyError(parsed.error)}\n` +
      'policy show --tenant ID prints policies as they are written.',
  );
}

/** One of the three forms, chosen first, so that an error names the place within it. */
function formOf(content: unknown): z.ZodType<NewPolicy[]> {
  if (Array.isArray(content)) return Policies;
  if (typeof content === 'object' && content !== null && 'policies' in content) return PolicyFile;
  return NamedPolicy.transform(policy => [policy]);
}

function readPolicyFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new Error(`Policy ${path} is neither "sample" nor "open", nor a file that can be read.`, { cause });
  }
}
