import { type Document, isNode, type Node, typesOf } from './document.ts';

/** One way in which what is served is not what the contract says. */
export interface Difference {
  /** The operation and the place in it, e.g. `POST /runtimes body.spec.size`. */
  readonly where: string;
  readonly what: string;
  /** `looser`: a client of the contract would break. `stricter`: it would be refused something the contract allows. */
  readonly kind: 'looser' | 'stricter';
}

interface Sides {
  readonly contract: Document;
  readonly served: Document;
}

/** What goes in may be refused more narrowly only for a reason; what comes out must keep every promise. */
type Direction = 'in' | 'out';

/** Compares every operation of the contract that is served, keyword by keyword. */
export function compareDocuments(sides: Sides): { missing: string[]; differences: Difference[] } {
  const served = sides.served.operations();
  const missing: string[] = [];
  const differences: Difference[] = [];
  for (const [name, operation] of sides.contract.operations()) {
    const ours = served.get(name);
    if (!ours) missing.push(name);
    else differences.push(...new OperationComparison(sides, name).compare(operation, ours));
  }
  return { missing, differences };
}

class OperationComparison {
  readonly #sides: Sides;
  readonly #name: string;
  readonly #found: Difference[] = [];

  constructor(sides: Sides, name: string) {
    this.#sides = sides;
    this.#name = name;
  }

  compare(contract: Node, served: Node): readonly Difference[] {
    for (const keyword of ['operationId', 'summary'] as const) {
      if (contract[keyword] !== served[keyword])
        this.#note(keyword, `is ${served[keyword]}, not ${contract[keyword]}`);
    }
    if (JSON.stringify(contract['tags']) !== JSON.stringify(served['tags'])) this.#note('tags', 'differ');
    this.#parameters(contract, served);
    this.#body(contract['requestBody'], served['requestBody']);
    this.#responses(contract['responses'], served['responses']);
    return this.#found;
  }

  #parameters(contract: Node, served: Node): void {
    const ours = new Map(this.#parametersOf('served', served).map(each => [keyOf(each), each]));
    for (const wanted of this.#parametersOf('contract', contract)) {
      const where = `parameter ${wanted['name']}`;
      const found = ours.get(keyOf(wanted));
      if (!found) {
        this.#note(where, 'is missing');
        continue;
      }
      if (found['required'] === true && wanted['required'] !== true) this.#note(where, 'is required');
      if (wanted['required'] === true && found['required'] !== true)
        this.#note(where, 'is not required any more');
      this.#schemas(where, { contract: wanted['schema'], served: found['schema'], direction: 'in' });
    }
    const known = new Set(this.#parametersOf('contract', contract).map(keyOf));
    for (const [key, parameter] of ours)
      if (!known.has(key) && parameter['required'] === true)
        this.#note(`parameter ${key}`, 'is required and new');
  }

  #parametersOf(side: keyof Sides, operation: Node): Node[] {
    const parameters = operation['parameters'];
    return Array.isArray(parameters) ? parameters.map(each => this.#sides[side].resolve(each)) : [];
  }

  #body(contract: unknown, served: unknown): void {
    if (contract === undefined) {
      if (served !== undefined && this.#sides.served.resolve(served)['required'] === true)
        this.#note('body', 'is required and new');
      return;
    }
    if (served === undefined) return void this.#note('body', 'is not taken');
    const [wanted, ours] = [this.#sides.contract.resolve(contract), this.#sides.served.resolve(served)];
    if (ours['required'] === true && wanted['required'] !== true) this.#note('body', 'is required');
    if (wanted['required'] === true && ours['required'] !== true)
      this.#note('body', 'is not required any more');
    this.#content('body', { contract: wanted, served: ours, direction: 'in' });
  }

  #responses(contract: unknown, served: unknown): void {
    const ours = this.#sides.served.resolve(served);
    for (const [status, response] of Object.entries(this.#sides.contract.resolve(contract))) {
      const found = ours[status];
      if (found === undefined) this.#note(status, `is not answered; only ${Object.keys(ours).join(', ')}`);
      else
        this.#content(status, {
          contract: this.#sides.contract.resolve(response),
          served: this.#sides.served.resolve(found),
          direction: 'out',
        });
    }
    for (const status of Object.keys(ours))
      if (/^2/.test(status) && !(status in this.#sides.contract.resolve(contract)))
        this.#note(status, 'is a success the contract does not have');
  }

  #content(where: string, pair: { contract: Node; served: Node; direction: Direction }): void {
    const [wanted, ours] = [pair.contract['content'], pair.served['content']];
    if (!isNode(wanted)) {
      if (isNode(ours)) this.#note(where, 'has a body that the contract does not have');
      return;
    }
    for (const [type, media] of Object.entries(wanted)) {
      const found = isNode(ours) ? ours[type] : undefined;
      if (!isNode(found) || !isNode(media)) this.#note(where, `has no ${type}`);
      else
        this.#schemas(where, {
          contract: media['schema'],
          served: found['schema'],
          direction: pair.direction,
        });
    }
  }

  #schemas(where: string, pair: { contract: unknown; served: unknown; direction: Direction }): void {
    const contract = this.#sides.contract.schema(pair.contract);
    const served = this.#sides.served.schema(pair.served);
    const { direction } = pair;
    this.#types(where, { contract, served, direction });
    this.#example(where, { example: contract['example'], schema: pair.served, direction });
    this.#enums(where, { contract, served, direction });
    this.#equal(where, { contract, served });
    this.#bounds(where, { contract, served, direction });
    this.#properties(where, { contract, served, direction });
    if (isNode(contract['items']))
      this.#schemas(`${where}[]`, { contract: contract['items'], served: served['items'] ?? {}, direction });
  }

  /** Only of what goes in: examples of answers are shortened. */
  #example(
    where: string,
    { example, schema, direction }: { example: unknown; schema: unknown; direction: Direction },
  ): void {
    if (example === undefined || direction === 'out') return;
    if (this.#sides.served.refusal(schema, example) !== undefined)
      this.#note(where, `refuses the example ${JSON.stringify(example)}`);
  }

  #types(where: string, { contract, served, direction }: Pair): void {
    const [wanted, ours] = [typesOf(contract), typesOf(served)];
    if (wanted.length === 0) {
      if (ours.length > 0 && direction === 'in')
        this.#note(where, `takes only ${ours.join(' or ')}`, 'stricter');
      return;
    }
    if (ours.length === 0) return void this.#note(where, `has any type, not ${wanted.join(' or ')}`);
    const refused = wanted.filter(type => !covers(ours, type));
    const added = ours.filter(type => !covers(wanted, type));
    if (direction === 'in' && refused.length > 0) this.#note(where, `does not take ${refused.join(' or ')}`);
    if (direction === 'out' && added.length > 0) this.#note(where, `may be ${added.join(' or ')}`);
    if (direction === 'out' && refused.some(type => type !== 'null'))
      this.#note(where, `is never ${refused.join(' or ')}`);
  }

  #enums(where: string, { contract, served, direction }: Pair): void {
    const [wanted, ours] = [contract['enum'], served['enum']];
    if (!Array.isArray(wanted)) {
      if (Array.isArray(ours) && direction === 'in')
        this.#note(where, 'takes only listed values', 'stricter');
      return;
    }
    if (!Array.isArray(ours)) return void this.#note(where, 'has any value');
    const lacking = wanted.filter(value => !ours.includes(value));
    const added = ours.filter(value => value !== null && !wanted.includes(value));
    if (lacking.length > 0) this.#note(where, `lacks ${lacking.join(', ')}`);
    if (added.length > 0) this.#note(where, `has ${added.join(', ')} as well`);
  }

  /** A client reads these off the document, so they are kept to the letter. */
  #equal(where: string, { contract, served }: Omit<Pair, 'direction'>): void {
    for (const keyword of ['format', 'default'] as const) {
      if (contract[keyword] !== undefined && contract[keyword] !== served[keyword])
        this.#note(where, `has the ${keyword} ${served[keyword]}, not ${contract[keyword]}`);
    }
  }

  #bounds(where: string, { contract, served, direction }: Pair): void {
    for (const keyword of BOUNDS) {
      const [wanted, ours] = [boundOf(contract, keyword), boundOf(served, keyword)];
      if (JSON.stringify(wanted) === JSON.stringify(ours)) continue;
      if (wanted !== undefined) this.#note(where, `has the ${keyword} ${ours}, not ${wanted}`);
      else if (direction === 'in') this.#note(where, `has a ${keyword}`, 'stricter');
    }
  }

  #properties(where: string, { contract, served, direction }: Pair): void {
    const [wanted, ours] = [contract['properties'] ?? {}, served['properties'] ?? {}];
    if (!isNode(wanted) || !isNode(ours)) throw new Error(`${where}: properties are an object.`);
    for (const [name, schema] of Object.entries(wanted)) {
      const found = ours[name];
      if (found === undefined) this.#note(`${where}.${name}`, 'is missing');
      else this.#schemas(`${where}.${name}`, { contract: schema, served: found, direction });
    }
    this.#required(where, { contract, served, direction });
    this.#additional(where, { contract, served, direction });
  }

  #required(where: string, { contract, served, direction }: Pair): void {
    const [wanted, ours] = [namesIn(contract['required']), namesIn(served['required'])];
    const dropped = wanted.filter(name => !ours.includes(name));
    const added = ours.filter(name => !wanted.includes(name));
    if (dropped.length > 0) this.#note(where, `does not require ${dropped.join(', ')}`);
    if (direction === 'in' && added.length > 0) this.#note(where, `requires ${added.join(', ')}`);
  }

  #additional(where: string, { contract, served, direction }: Pair): void {
    const [wanted, ours] = [contract['additionalProperties'], served['additionalProperties']];
    if (isNode(wanted)) {
      if (!isNode(ours)) this.#note(where, 'has no free fields');
      else this.#schemas(`${where}.*`, { contract: wanted, served: ours, direction });
    } else if (ours === false && direction === 'in') this.#note(where, 'takes no unknown fields', 'stricter');
  }

  #note(place: string, what: string, kind: Difference['kind'] = 'looser'): void {
    this.#found.push({ where: `${this.#name} ${place}`, what, kind });
  }
}

interface Pair {
  readonly contract: Node;
  readonly served: Node;
  readonly direction: Direction;
}

const BOUNDS = [
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'pattern',
  'minItems',
  'maxItems',
  'uniqueItems',
  'minProperties',
  'maxProperties',
  'propertyNames',
] as const;

/** That names are texts goes without saying. */
function boundOf(schema: Node, keyword: (typeof BOUNDS)[number]): unknown {
  const bound = schema[keyword];
  return keyword === 'propertyNames' && JSON.stringify(bound) === '{"type":"string"}' ? undefined : bound;
}

/** Header names have no case. */
function keyOf({ in: place, name }: Node): string {
  return `${place} ${place === 'header' ? String(name).toLowerCase() : name}`;
}

function covers(types: readonly string[], type: string): boolean {
  return types.includes(type) || (type === 'integer' && types.includes('number'));
}

function namesIn(required: unknown): string[] {
  return Array.isArray(required) ? required.map(String) : [];
}
