import { spawn } from 'node:child_process';
import { killGroup } from './process-identity.ts';

/** How to run one program to its end. */
export interface Command {
  command: string;
  args: string[];
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** The user and group to run as; only root may name another. */
  identity?: { uid: number; gid: number };
  onLine?: (line: string) => void;
  signal?: AbortSignal;
}

/** What a program said and how it ended. */
export interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a program without a shell in its own process group; an abort ends the whole group. */
export function run({ command, args, cwd, env, identity, onLine, signal }: Command): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const child = spawn(command, args, {
      cwd,
      env,
      ...identity,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const stop = () => {
      if (child.pid) killGroup(child.pid, 'SIGKILL');
    };
    signal?.addEventListener('abort', stop, { once: true });
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', text => {
      output.stdout += text;
    });
    collectLines(child.stderr, {
      onLine,
      keep: text => {
        output.stderr = (output.stderr + text).slice(-20_000);
      },
    });
    child.once('error', error => reject(new Error(`Run ${command}: ${error.message}`)));
    child.once('close', (code, killedBy) => {
      signal?.removeEventListener('abort', stop);
      if (signal?.aborted) reject(signal.reason);
      else resolve({ code: code ?? (killedBy ? 128 : 1), ...output });
    });
  });
}

/** Runs a program that has to succeed and returns what it printed. */
export async function runToSuccess(command: Command): Promise<string> {
  const { code, stdout, stderr } = await run(command);
  if (code === 0) return stdout;
  const said = (stderr || stdout).trim().split('\n').slice(-8).join('\n');
  throw new Error(`${[command.command, ...command.args].join(' ')} ended with ${code}:\n${said}`);
}

function collectLines(
  stream: NodeJS.ReadableStream,
  { onLine, keep }: { onLine: ((line: string) => void) | undefined; keep: (text: string) => void },
): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    keep(text);
    if (!onLine) return;
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
}
