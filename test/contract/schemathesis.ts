import { dirname } from 'node:path';
import { cacheDirectory } from '../../lab/cache.ts';
import { installFromPypi } from '../../lab/pypi.ts';

/** Everything with its version, so that the same commit is always tested by the same program. */
const REQUIREMENT = 'schemathesis==4.30.0';
const NEEDS = [
  'anyio==4.16.0',
  'certifi==2026.10.18',
  'charset-normalizer==3.5.2',
  'click==8.5.1',
  'graphql-core==3.3.2',
  'harfile==0.6.0',
  'hypothesis==6.170.15',
  'hypothesis-graphql==0.13.5',
  'idna==3.20',
  'iniconfig==2.3.1',
  'jsonschema-rs==0.58.6',
  'markdown-it-py==4.3.0',
  'markupsafe==3.0.4',
  'mdurl==0.1.2',
  'packaging==26.3',
  'pluggy==1.7.0',
  'pygments==2.21.0',
  'pyrate-limiter==4.5.1',
  'pytest==9.2.0',
  'pyyaml==6.0.3',
  'requests==2.34.2',
  'rich==15.0.0',
  'sortedcontainers==2.4.0',
  'typing-extensions==4.16.0',
  'urllib3==2.8.0',
  'werkzeug==3.1.9',
];

/** The fuzzer, and the folder where its Python finds what it needs. */
export interface Schemathesis {
  readonly program: string;
  readonly packages: string;
}

/** The fuzzer in the cache, fetched where it is not there yet. */
export async function findSchemathesis(options: {
  signal: AbortSignal;
  onFetch: (detail: string) => void;
}): Promise<Schemathesis> {
  const program = await installFromPypi({
    requirement: REQUIREMENT,
    needs: NEEDS,
    executable: 'bin/schemathesis',
    cacheDir: cacheDirectory(),
    ...options,
  });
  return { program, packages: dirname(dirname(program)) };
}
