import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { type NewPolicy, STARTER_POLICIES } from '../../db/policies.ts';
import { PolicyRule } from '../../domain/policy.ts';

const PolicyFile = z
  .union([z.strictObject({ policies: z.array(named()).min(1) }), z.array(named()).min(1), named()])
  .transform(file => (Array.isArray(file) ? file : 'policies' in file ? file.policies : [file]));

/** The policies of a starter name (`sample`, `open`) or of a YAML or JSON file: one policy, a list, or `policies: [...]`. */
export function policiesFrom(nameOrFile: string): readonly NewPolicy[] {
  if (nameOrFile === 'sample' || nameOrFile === 'open') return [STARTER_POLICIES[nameOrFile]];
  const parsed = PolicyFile.safeParse(parse(readPolicyFile(nameOrFile)));
  if (parsed.success) return parsed.data;
  throw new Error(`${nameOrFile} is not a policy:\n${z.prettifyError(parsed.error)}`);
}

function named() {
  return z.strictObject({ name: z.string().min(1).max(63), rules: z.array(PolicyRule).min(1) });
}

function readPolicyFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new Error(`Policy ${path} is neither "sample" nor "open", nor a file that can be read.`, { cause });
  }
}
