import { type ChildProcess, spawn } from 'node:child_process';

export interface ChildCall {
  readonly binary: string;
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: string;
  /** More output than this ends the process: a chart from a stranger may render without end. */
  readonly maxOutputBytes: number;
  readonly timeoutSeconds: number;
  readonly graceSeconds: number;
  readonly signal?: AbortSignal | undefined;
  readonly onStart?: ((pid: number) => void) | undefined;
}

export interface ChildEnd {
  readonly code: number | null;
  readonly killedBy: NodeJS.Signals | null;
  readonly stdout: string;
  /** Its last 16 KB. */
  readonly stderr: string;
  /** Why we ended it, when we did. */
  readonly stopped: 'aborted' | 'timeout' | 'output' | undefined;
}

const STDERR_BYTES = 16 * 1024;

/**
 * Runs a program in a process group of its own and waits for its end, whatever happens: an abort, a timeout or too
 * much output sends TERM to the group, then KILL after the grace time.
 */
export async function runChild(call: ChildCall): Promise<ChildEnd> {
  call.signal?.throwIfAborted();
  const child = spawn(call.binary, [...call.argv], {
    // Helm takes the name of its field manager from argv[0].
    argv0: 'helm',
    cwd: call.directory,
    env: call.environment,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stopper = new Stopper(child, call.graceSeconds);
  const abort = () => stopper.stop('aborted');
  const timer = setTimeout(() => stopper.stop('timeout'), call.timeoutSeconds * 1000);
  call.signal?.addEventListener('abort', abort, { once: true });
  if (call.signal?.aborted) abort();
  if (child.pid !== undefined) call.onStart?.(child.pid);
  try {
    return await collect(child, call.maxOutputBytes, stopper);
  } finally {
    clearTimeout(timer);
    stopper.done();
    call.signal?.removeEventListener('abort', abort);
  }
}

function collect(child: ChildProcess, maxOutputBytes: number, stopper: Stopper): Promise<ChildEnd> {
  const stdout: Buffer[] = [];
  let stdoutBytes = 0;
  let stderr = Buffer.alloc(0);
  child.stdout?.on('data', (chunk: Buffer) => {
    stdoutBytes += chunk.length;
    if (stdoutBytes > maxOutputBytes) stopper.stop('output');
    else stdout.push(chunk);
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr = Buffer.concat([stderr, chunk]).subarray(-STDERR_BYTES);
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    // Whatever the program left behind in its group would keep the pipes open.
    child.once('exit', () => killGroup(child, 'SIGKILL'));
    child.once('close', (code, killedBy) =>
      resolve({
        code,
        killedBy,
        stdout: Buffer.concat(stdout).toString(),
        stderr: stderr.toString(),
        stopped: stopper.reason,
      }),
    );
  });
}

class Stopper {
  reason: ChildEnd['stopped'];
  readonly #child: ChildProcess;
  readonly #graceSeconds: number;
  #kill: NodeJS.Timeout | undefined;

  constructor(child: ChildProcess, graceSeconds: number) {
    this.#child = child;
    this.#graceSeconds = graceSeconds;
  }

  stop(reason: NonNullable<ChildEnd['stopped']>): void {
    if (this.reason !== undefined) return;
    this.reason = reason;
    killGroup(this.#child, 'SIGTERM');
    this.#kill = setTimeout(() => killGroup(this.#child, 'SIGKILL'), this.#graceSeconds * 1000);
  }

  done(): void {
    clearTimeout(this.#kill);
  }
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    const nobodyLeft = (error as NodeJS.ErrnoException).code === 'ESRCH';
    if (!nobodyLeft) throw error;
  }
}
