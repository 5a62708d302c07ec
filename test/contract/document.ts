import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

/** A JSON object of an OpenAPI document. */
export type Node = Readonly<Record<string, unknown>>;

/** Whether the value is a JSON object. */
export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An OpenAPI document whose references are followed and whose `nullable` is read as OpenAPI 3.1 has it. */
export class Document {
  readonly root: Node;

  constructor(root: unknown) {
    if (!isNode(root)) throw new Error('An OpenAPI document is an object.');
    this.root = root;
  }

  /** The object itself, or what its `$ref` leads to. */
  resolve(value: unknown): Node {
    if (!isNode(value))
      throw new Error(`Expected an object in the document, found ${JSON.stringify(value)}.`);
    const reference = value['$ref'];
    if (typeof reference !== 'string') return value;
    const target = reference
      .slice(2)
      .split('/')
      .map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'))
      .reduce<unknown>((node, part) => (isNode(node) ? node[part] : undefined), this.root);
    return this.resolve(target);
  }

  /** A schema in one form: `allOf` merged, a choice with null as a type with null, `nullable` as a type, `const` as an enum. */
  schema(value: unknown): Node {
    const { nullable, anyOf, oneOf, allOf, const: only, ...plain } = this.resolve(value);
    const parts = Array.isArray(allOf) ? allOf.map(part => this.schema(part)) : [];
    let schema: Node = Object.assign({}, ...parts, plain);
    if (only !== undefined) schema = { type: typeof only, ...schema, enum: [only] };
    const choice = anyOf ?? oneOf;
    if (Array.isArray(choice)) return this.#choose(choice, schema);
    return nullable === true ? withNull(schema) : schema;
  }

  #choose(choice: readonly unknown[], beside: Node): Node {
    const branches = choice.map(branch => this.schema(branch));
    const real = branches.filter(branch => branch['type'] !== 'null');
    const [first] = real;
    if (real.length !== 1 || first === undefined) return { ...beside, branches: real };
    const merged = { ...first, ...beside };
    return real.length < branches.length ? withNull(merged) : merged;
  }

  /** Whether the value fits the schema; what does not is said in words. */
  refusal(schema: unknown, value: unknown): string | undefined {
    const check = validator.compile({ ...this.resolve(schema), components: this.root['components'] });
    return check(value) ? undefined : validator.errorsText(check.errors);
  }

  /** Every operation, by method and path. */
  operations(): Map<string, Node> {
    const found = new Map<string, Node>();
    for (const [path, item] of Object.entries(this.resolve(this.root['paths']))) {
      for (const [method, operation] of Object.entries(this.resolve(item))) {
        if (METHODS.has(method)) found.set(`${method.toUpperCase()} ${path}`, this.resolve(operation));
      }
    }
    return found;
  }
}

const validator = new Ajv2020({ strict: false, allErrors: true, discriminator: false });
addFormats.default(validator);

const METHODS = new Set(['get', 'put', 'post', 'delete', 'patch', 'head', 'options']);

function withNull(schema: Node): Node {
  return { ...schema, type: [...typesOf(schema), 'null'] };
}

/** The types a schema names; none means any. */
export function typesOf({ type }: Node): readonly string[] {
  if (type === undefined) return [];
  return Array.isArray(type) ? type.map(String) : [String(type)];
}
