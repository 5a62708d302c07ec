import { join } from 'node:path';
import { run } from '../command.ts';
import type { LabContext } from '../context.ts';
import { findGo, goEnvironment } from '../go.ts';
import { repositoryRoot } from '../root.ts';

/** The folder of a Go module that one of the lab's own modules requires; fetched into Go's cache when it is not there. */
export async function goModuleFolder(
  context: Pick<LabContext, 'cacheDir' | 'report' | 'signal'>,
  { required, by }: { readonly required: string; readonly by: string },
): Promise<string> {
  const cwd = join(repositoryRoot(), 'lab', by);
  const go = await findGo(context);
  const { code, stdout, stderr } = await run({
    command: await go.program(),
    args: ['mod', 'download', '-json', required],
    cwd,
    env: goEnvironment(),
    signal: context.signal,
  });
  const { Dir, Error: refusal } = answered(stdout);
  if (Dir) return Dir;
  throw new Error(
    `go mod download ${required} in ${cwd} ended with ${code}: ${refusal ?? stderr.trim()}\nCheck that the Go module proxy can be reached.`,
  );
}

/** Go says on its standard output also what went wrong, unless it could not even begin. */
function answered(stdout: string): { Dir?: string; Error?: string } {
  return stdout.trim() === '' ? {} : JSON.parse(stdout);
}
