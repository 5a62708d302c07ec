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
  const answer = JSON.parse(code === 0 ? stdout : '{}') as { Dir?: string };
  if (answer.Dir) return answer.Dir;
  throw new Error(
    `go mod download ${required} in ${cwd} ended with ${code}: ${stderr.trim() || 'it named no folder'}. Check that the Go module proxy can be reached.`,
  );
}
