import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory only this process may read: Helm's home, its caches, and values files while they are needed. */
export class PrivateDirectory {
  readonly path: string;

  constructor(parent: string = tmpdir()) {
    mkdirSync(parent, { recursive: true });
    this.path = mkdtempSync(join(parent, 'runtimeai-helm-'));
  }

  /** Gives the work a file with these values, complete on disk before its name exists, and removes it afterwards. */
  async withValues<T>(values: unknown, work: (file: string) => Promise<T>): Promise<T> {
    const file = join(this.path, `values-${randomUUID()}.json`);
    try {
      await writeThenRename(file, JSON.stringify(values));
      return await work(file);
    } finally {
      await rm(file, { force: true });
    }
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}

async function writeThenRename(file: string, text: string): Promise<void> {
  const unfinished = `${file}.part`;
  try {
    const handle = await open(unfinished, 'wx', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(unfinished, file);
  } finally {
    await rm(unfinished, { force: true });
  }
}
