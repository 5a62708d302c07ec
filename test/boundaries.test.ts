import { globSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** What the files of one area may import. A name covers the file or folder, or the package, of that name. */
interface Row {
  readonly values: readonly string[];
  readonly types?: readonly string[];
  /** Packages it may use: just these, or all but these. `node:` stands for all of Node. */
  readonly packages: readonly string[] | { readonly allBut: readonly string[] };
  /** Arrows that the rest of the row would forbid, each with its reason. */
  readonly except?: Readonly<Record<string, string>>;
}

const TEMPORAL = '@temporalio/*';
const NEST = '@nestjs/*';
const DATABASE = ['pg', 'kysely'];

const TABLE: Readonly<Record<string, Row>> = {
  'domain/rules': { values: [], types: ['domain'], packages: [] },
  domain: { values: ['domain/rules'], packages: ['zod', 'typeid-js'] },
  clients: { values: ['domain'], packages: { allBut: [TEMPORAL, NEST, 'fastify', ...DATABASE] } },
  policy: { values: ['domain'], packages: ['node:', '@bufbuild/cel', 'zod'] },
  audit: { values: ['domain'], packages: ['node:', 'canonicalize', 'zod'] },
  db: {
    values: ['audit', 'domain'],
    packages: ['node:', ...DATABASE],
    except: { 'type process/log.ts': 'the pool says when the database goes and comes back' },
  },
  temporal: { values: ['domain'], packages: ['node:', TEMPORAL] },
  workflows: {
    values: ['domain/rules', 'temporal/names.ts'],
    types: ['domain', 'activities'],
    packages: ['@temporalio/workflow'],
  },
  adapters: { values: ['clients', 'domain'], packages: ['node:', 'yaml'] },
  activities: {
    values: ['adapters', 'clients', 'db', 'domain', 'policy'],
    types: ['process'],
    packages: ['node:', '@temporalio/activity', '@temporalio/common', 'canonicalize', 'yaml', 'diff'],
    except: {
      'process/redaction.ts': 'evidence is cleared of secrets by the same function as the log',
    },
  },
  workers: {
    values: ['activities', 'adapters', 'audit', 'clients', 'db', 'domain', 'policy', 'temporal', 'process'],
    packages: { allBut: [NEST, 'fastify'] },
  },
  process: {
    values: ['domain'],
    packages: { allBut: [NEST, 'fastify', ...DATABASE] },
  },
  api: {
    values: [
      'audit',
      'clients/oidc',
      'domain',
      'db',
      'policy',
      'temporal',
      'process',
      'workflows/messages.ts',
    ],
    types: ['workflows'],
    packages: {
      allBut: ['@temporalio/activity', '@temporalio/worker', '@kubernetes/client-node', ...DATABASE],
    },
    except: { 'package.json': 'its version is the API’s' },
  },
  cli: { values: ['domain'], packages: { allBut: [TEMPORAL, NEST, 'fastify', ...DATABASE] } },
  'cli/admin': {
    values: ['audit', 'cli', 'clients/oidc', 'domain', 'db', 'policy', 'process'],
    packages: { allBut: [TEMPORAL, NEST, 'fastify'] },
    except: { db: 'the operator’s own tool: it makes the first key, before any key could ask over HTTP' },
  },
  console: { values: ['domain', 'sdk'], packages: { allBut: [TEMPORAL, NEST, 'fastify', ...DATABASE] } },
  sdk: { values: ['domain'], packages: ['zod'] },
  lab: {
    values: ['domain', 'process'],
    packages: { allBut: [TEMPORAL, NEST, 'fastify', 'kysely', '@kubernetes/client-node'] },
    except: {
      'db/migrate.ts': 'the lab brings its own database up to date',
      'db/database.ts': 'it makes the sample tenant, as an operator would',
      'db/tenants.ts': 'the same',
      'db/policies.ts': 'the same',
      'db/api-keys.ts': 'it checks that the kept sample key still opens the kept database',
    },
  },
};

/** Everything may be imported where tests are, and in the settings of the tools. */
const FREE = /(^test\/|\.test\.ts$|^vitest\.config\.ts$)/;

describe('the imports', () => {
  const files = globSync('**/*.ts', { cwd: ROOT, exclude: skipped }).filter(file => !FREE.test(file));

  it('are those of a whole checkout', () => {
    expect(files.length).toBeGreaterThan(50);
  });

  it('point only where the design lets them', () => {
    const found = files.flatMap(file => violations(file, readFileSync(path.join(ROOT, file), 'utf8')));
    expect(found).toEqual([]);
  });
});

describe('the guard over the imports', () => {
  it.each([
    ['domain/rules/x.ts', "import { z } from 'zod';"],
    ['domain/rules/x.ts', "import { newId } from '../ids.ts';"],
    ['domain/x.ts', "import { readFile } from 'node:fs/promises';"],
    ['domain/x.ts', "import type { Log } from '../process/log.ts';"],
    ['clients/helm/x.ts', "import { heartbeat } from '@temporalio/activity';"],
    ['clients/helm/x.ts', "import type { Database } from '../../db/database.ts';"],
    ['db/x.ts', "import { Injectable } from '@nestjs/common';"],
    ['workflows/x.ts', "import { Runtime } from '../domain/runtime.ts';"],
    ['workflows/x.ts', "import { type Runtime } from '../domain/runtime.ts';"],
    ['workflows/parts/x.ts', "import { planRelease } from '../../activities/helm.ts';"],
    ['workflows/x.ts', "import { createHash } from 'crypto';"],
    ['workflows/x.ts', "import {\n  client,\n} from '../temporal/client.ts';"],
    ['activities/x.ts', "import { admitUpdate } from '../workflows/messages.ts';"],
    ['activities/x.ts', "export * from '../api/app.ts';"],
    ['activities/x.ts', "import { readConfig } from '../process/config.ts';"],
    ['workers/x.ts', "import { deployRuntime } from '../workflows/deploy-runtime.ts';"],
    ['workers/x.ts', "const api = await import('../api/app.ts');"],
    ['api/runtimes/x.ts', "import { deployRuntime } from '../../workflows/deploy-runtime.ts';"],
    ['api/runtimes/x.ts', "import type { ReleaseActivities } from '../../activities/helm.ts';"],
    ['cli/x.ts', "import '../db/database.ts';"],
    ['lab/x.ts', "import { runtimes } from '../db/runtimes.ts';"],
    ['lab/x.ts', "export { app } from '../api/app.ts';"],
    ['helpers/x.ts', "import { z } from 'zod';"],
  ])('stops %s: %s', (file, source) => {
    expect(violations(file, source)).toHaveLength(1);
  });

  it.each([
    ['domain/rules/x.ts', "import type { Policy } from '../policy.ts';"],
    ['workflows/x.ts', "import type { Runtime } from '../domain/runtime.ts';"],
    ['workflows/x.ts', "// import { z } from 'zod';\n/*\nimport fs from 'node:fs';\n*/"],
    ['api/runtimes/x.ts', "import type { deployRuntime } from '../../workflows/deploy-runtime.ts';"],
    ['api/runtimes/x.ts', "import { admitUpdate } from '../../workflows/messages.ts';"],
    ['cli/admin.ts', "import { openDatabase } from '../db/database.ts';"],
  ])('lets through %s: %s', (file, source) => {
    expect(violations(file, source)).toEqual([]);
  });

  it('says which line of the design an arrow breaks', () => {
    expect(violations('workflows/x.ts', "import { z } from 'zod';")).toEqual([
      'workflows/x.ts imports zod; workflows may use @temporalio/workflow',
    ]);
    expect(violations('cli/x.ts', "import { db } from '../db/database.ts';")).toEqual([
      'cli/x.ts imports db/database.ts; cli may import domain',
    ]);
  });
});

function violations(file: string, source: string): string[] {
  const area = areaOf(file);
  const row = area === undefined ? undefined : TABLE[area];
  if (!area || !row) return [`${file} lies in no folder of the design`];
  return importsOf(source).flatMap(({ specifier, typeOnly }) => {
    if (!specifier.startsWith('.')) return packageViolation({ file, area, row, specifier });
    const target = path.posix.join(path.posix.dirname(file), specifier);
    const allowed = [
      area,
      ...row.values,
      ...(typeOnly ? (row.types ?? []) : []),
      ...exceptions(row, typeOnly),
    ];
    if (allowed.some(name => covers(name, target))) return [];
    const types = row.types ? `, and the types of ${row.types.join(', ')}` : '';
    return [`${file} imports ${target}; ${area} may import ${row.values.join(', ') || 'nothing'}${types}`];
  });
}

function packageViolation(from: { file: string; area: string; row: Row; specifier: string }): string[] {
  const { packages } = from.row;
  const isNode = from.specifier.startsWith('node:') || builtinModules.includes(from.specifier);
  const name = isNode ? 'node:' : from.specifier;
  if (isListed(packages)) {
    if (packages.some(each => coversPackage(each, name))) return [];
    const words = packages.join(', ') || 'no package';
    return [`${from.file} imports ${from.specifier}; ${from.area} may use ${words}`];
  }
  if (!packages.allBut.some(each => coversPackage(each, name))) return [];
  return [`${from.file} imports ${from.specifier}; ${from.area} may not`];
}

function isListed(packages: Row['packages']): packages is readonly string[] {
  return Array.isArray(packages);
}

function exceptions(row: Row, typeOnly: boolean): string[] {
  return Object.keys(row.except ?? {}).flatMap(name => {
    if (!name.startsWith('type ')) return [name];
    return typeOnly ? [name.slice('type '.length)] : [];
  });
}

/** The longest name in the table that covers the file. */
function areaOf(file: string): string | undefined {
  return Object.keys(TABLE)
    .filter(area => covers(area, file) || file === `${area}.ts`)
    .toSorted((one, other) => other.length - one.length)[0];
}

function covers(name: string, target: string): boolean {
  return target === name || target.startsWith(`${name}/`);
}

function coversPackage(name: string, specifier: string): boolean {
  if (name.endsWith('*')) return specifier.startsWith(name.slice(0, -1));
  return specifier === name || specifier.startsWith(`${name}/`);
}

/** Imports, re-exports and dynamic imports; one whose names are all marked `type` still loads the module. */
function importsOf(source: string): { specifier: string; typeOnly: boolean }[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  const statements = code.matchAll(
    /^(?:import|export)\s+(type\s+)?(?:[\w*{][^'"`;]*?\sfrom\s+)?['"]([^'"]+)['"]/gm,
  );
  const dynamic = code.matchAll(/\b(?:import|require)\(\s*['"]([^'"]+)['"]/g);
  return [
    ...[...statements].map(([, type, specifier = '']) => ({ specifier, typeOnly: type !== undefined })),
    ...[...dynamic].map(([, specifier = '']) => ({ specifier, typeOnly: false })),
  ];
}

function skipped(folder: string): boolean {
  return /(^|\/)(node_modules|dist|\.[^/]+)$/.test(folder);
}
