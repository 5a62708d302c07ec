import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A program of the benchmark in a process of its own; it answers each question with `{ result }` or `{ error }`. */
export interface Child {
  readonly pid: number;
  ask<T>(question?: object): Promise<T>;
  stop(): Promise<void>;
}

interface ChildOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly nodeFlags?: readonly string[];
}

/** Starts a program beside this file, given as it is called once compiled. */
export function startChild(program: string, { env = {}, nodeFlags = [] }: ChildOptions = {}): Child {
  const child = fork(fileURLToPath(new URL(program, import.meta.url)), {
    env: { PATH: process.env['PATH'], ...env },
    execArgv: [...nodeFlags],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  if (child.pid === undefined) throw new Error(`${program} could not be started.`);
  return {
    pid: child.pid,
    async ask<T>(question?: object) {
      if (question) child.send(question);
      const { result, error } = await answerOf<T>(child, program);
      if (error !== undefined) throw new Error(`${program}: ${error}`);
      return result as T;
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
}

interface ChildAnswer<T> {
  readonly result?: T;
  readonly error?: string;
}

async function answerOf<T>(child: ChildProcess, program: string): Promise<ChildAnswer<T>> {
  const settled = new AbortController();
  const { signal } = settled;
  try {
    return await Promise.race([
      once(child, 'message', { signal }).then(([answer]) => answer as ChildAnswer<T>),
      once(child, 'exit', { signal }).then(([code]): never => {
        throw new Error(`${program} ended with ${code} before it answered.`);
      }),
    ]);
  } finally {
    settled.abort();
  }
}
