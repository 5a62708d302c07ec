import { z } from 'zod';
import { GOVERNED_VARIABLES } from './rules/governed-variables.ts';

export const QUALIFIED_NAME =
  /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;
const OWN_KEY = /^(app\.kubernetes\.io|helm\.sh|meta\.helm\.sh|runtimeai\.dev)\//;

// Helm checks patterns with Go's RE2, which has no lookahead: what a string must *not* be is said
// twice, to zod as a refinement and to JSON Schema as `not`.
/** Name of an environment variable that is the user's to set. */
export const VariableName = z
  .string()
  .max(128)
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be an environment variable name')
  .refine(name => !GOVERNED_VARIABLES.includes(name), 'is set by the platform')
  .meta({ not: { enum: [...GOVERNED_VARIABLES] } });

/** Key of a label or annotation that is the user's to set. */
export const UserKey = z
  .string()
  .max(317)
  .regex(QUALIFIED_NAME, 'must be a Kubernetes label or annotation key')
  .refine(key => !OWN_KEY.test(key), 'is a key that the chart sets itself')
  .meta({ not: { pattern: OWN_KEY.source } });

/** Text that survives YAML, Helm and the container: Helm's YAML reader refuses files with control characters. */
export const Text = z
  .string()
  .max(4096)
  .regex(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are exactly what is refused
    /^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$/,
    'must not contain control characters other than tabs and line breaks',
  )
  .refine(text => text.isWellFormed() && !/[\ufffe\uffff]/.test(text), 'must be well-formed Unicode');

const DNS_LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const CIDR =
  /^([0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\/[0-9]{1,2}|[0-9a-fA-F:]+:[0-9a-fA-F:]*\/[0-9]{1,3})$/;

/** Namespaces that a network policy names. */
export const Namespaces = z.array(z.string().regex(DNS_LABEL)).max(50);

/** Ranges of addresses that a network policy names. */
export const Cidrs = z.array(z.string().max(49).regex(CIDR, 'must be a CIDR such as 10.0.0.0/8')).max(50);
