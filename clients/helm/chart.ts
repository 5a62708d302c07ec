import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { parse } from 'yaml';
import { fieldsOf, textOf } from '../kubernetes/objects.ts';
import { HelmError } from './errors.ts';

/** The chart in a folder, pinned by the digest of its files. */
export interface Chart {
  readonly path: string;
  readonly name: string;
  readonly version: string;
  readonly digest: string;
  /** Text of all files, which Helm stores with every revision. */
  readonly files: readonly Buffer[];
}

/** Reads a chart folder. */
export async function readChart(path: string): Promise<Chart> {
  try {
    return await read(path);
  } catch (error) {
    throw new HelmError(
      {
        kind: 'render',
        retryable: false,
        message: `The chart in ${path} cannot be read: ${String(error)}`,
        nextStep: 'Set RUNTIMEAI_CHART to the folder of the chart (it holds Chart.yaml).',
      },
      { cause: error },
    );
  }
}

async function read(path: string): Promise<Chart> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const names = entries
    .filter(entry => entry.isFile())
    .map(entry => relative(path, join(entry.parentPath, entry.name)))
    .sort();
  const files = await Promise.all(names.map(name => readFile(join(path, name))));
  const hash = createHash('sha256');
  names.forEach((name, index) => {
    const file = files[index] ?? Buffer.alloc(0);
    hash.update(`${name}\0${file.length}\0`).update(file);
  });
  const about = fieldsOf(parse(await readFile(join(path, 'Chart.yaml'), 'utf8')));
  return {
    path,
    name: textOf(about['name']),
    version: String(about['version'] ?? ''),
    digest: `sha256:${hash.digest('hex')}`,
    files,
  };
}
