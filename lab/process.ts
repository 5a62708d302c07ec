import { type ChildProcess, spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { identify, killGroup, signalIfThere } from './process-identity.ts';
import type { StateFile } from './state.ts';

/** One long-running program and what it takes to call it ready. */
export interface ProcessOptions {
  name: string;
  command: string;
  args: string[];
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** The user and group to run as; only root may name another. */
  identity?: { uid: number; gid: number };
  logFile: string;
  state: StateFile;
  ready: () => Promise<boolean>;
  readyWithinSeconds: number;
  stopSignal?: NodeJS.Signals;
  stopWithinSeconds?: number;
  /** Lower ones are stopped first; 0 where nothing depends on it. */
  stopOrder?: number;
  /** Start again, ever more slowly, when it ends without being asked to. */
  restart?: boolean;
  onExit?: (message: string) => void;
  signal?: AbortSignal;
}

/** A supervised program. */
export interface RunningProcess {
  name: string;
  stopOrder: number;
  pid(): number | undefined;
  stop(): Promise<void>;
}

/** Starts a program in its own process group and waits until it is ready; a failure shows its last log lines. */
export async function startProcess(options: ProcessOptions): Promise<RunningProcess> {
  options.signal?.throwIfAborted();
  const supervision = new Supervision(options);
  supervision.launch();
  try {
    await supervision.untilReady();
  } catch (error) {
    await supervision.stop();
    throw error;
  }
  return supervision;
}

class Supervision implements RunningProcess {
  readonly name: string;
  readonly stopOrder: number;
  private readonly options: ProcessOptions;
  private child: ChildProcess | undefined;
  private exited: Promise<void> = Promise.resolve();
  private ended: string | undefined;
  private stopping = false;
  private isReady = false;
  private failures = 0;
  private logStart = 0;
  private restartTimer: NodeJS.Timeout | undefined;

  constructor(options: ProcessOptions) {
    this.options = options;
    this.name = options.name;
    this.stopOrder = options.stopOrder ?? 0;
  }

  pid(): number | undefined {
    return this.ended === undefined ? this.child?.pid : undefined;
  }

  launch(): void {
    const { command, args, env, cwd, identity } = this.options;
    const log = openLog(this.options.logFile);
    this.logStart = fstatSync(log).size;
    this.ended = undefined;
    const launchedAt = Date.now();
    const child = spawn(command, args, {
      env,
      cwd,
      ...identity,
      stdio: ['ignore', log, log],
      detached: true,
    });
    closeSync(log);
    this.child = child;
    this.record(child.pid);
    this.exited = new Promise(resolve => {
      child.once('error', error => resolve(this.onEnd(`could not be started: ${error.message}`, launchedAt)));
      child.once('exit', (code, signal) =>
        resolve(this.onEnd(`ended with ${signal ?? `code ${code}`}`, launchedAt)),
      );
    });
  }

  async untilReady(): Promise<void> {
    const { ready, readyWithinSeconds, signal } = this.options;
    const deadline = Date.now() + readyWithinSeconds * 1000;
    let answer = await asked(ready);
    for (; answer !== true; answer = await asked(ready)) {
      signal?.throwIfAborted();
      if (this.ended !== undefined) throw this.failure(this.ended);
      if (Date.now() > deadline) throw this.failure(`was not ready after ${readyWithinSeconds} s${answer}`);
      await delay(50);
    }
    this.isReady = true;
  }

  async stop(): Promise<void> {
    this.stopping = true;
    clearTimeout(this.restartTimer);
    const pid = this.pid();
    if (pid !== undefined) {
      signalIfThere(pid, this.options.stopSignal ?? 'SIGTERM');
      const patience = new AbortController();
      const waited = delay((this.options.stopWithinSeconds ?? 10) * 1000, undefined, {
        signal: patience.signal,
      }).catch(() => undefined);
      await Promise.race([this.exited, waited]);
      patience.abort();
      killGroup(pid, 'SIGKILL');
      await this.exited;
    }
    this.forget();
  }

  private onEnd(how: string, launchedAt: number): void {
    this.ended = how;
    if (this.child?.pid) killGroup(this.child.pid, 'SIGKILL');
    if (this.stopping || !this.isReady) return;
    const restart = this.options.restart === true;
    this.failures = Date.now() - launchedAt > 60_000 ? 1 : this.failures + 1;
    const waitSeconds = Math.min(2 ** (this.failures - 1), 30);
    this.options.onExit?.(
      `${this.failure(how).message}${restart ? `\nStarting it again in ${waitSeconds} s.` : ''}`,
    );
    if (restart) this.restartTimer = setTimeout(() => this.launch(), waitSeconds * 1000);
  }

  private record(pid: number | undefined): void {
    const known = pid === undefined ? undefined : identify(pid);
    if (!known) return;
    this.options.state.update(state => {
      state.processes = state.processes.filter(other => other.name !== this.name);
      state.processes.push({ name: this.name, ...known, startedAt: new Date().toISOString() });
    });
  }

  private forget(): void {
    this.options.state.update(state => {
      state.processes = state.processes.filter(other => other.name !== this.name);
    });
  }

  private failure(what: string): Error {
    const { logFile } = this.options;
    return new Error(
      `${this.name} ${what}. Last lines of ${logFile}:\n${lastLines(logFile, { count: 15, from: this.logStart })}`,
    );
  }
}

async function asked(ready: () => Promise<boolean>): Promise<true | string> {
  try {
    return (await ready()) || '';
  } catch (error) {
    return ` (${error instanceof Error ? error.message : String(error)})`;
  }
}

/** The last lines of a log file, of what was written after a position. */
export function lastLines(path: string, { count, from = 0 }: { count: number; from?: number }): string {
  if (!existsSync(path)) return '(no log yet)';
  return (
    readFileSync(path).subarray(from).toString('utf8').trimEnd().split('\n').slice(-count).join('\n') ||
    '(empty)'
  );
}

function openLog(path: string): number {
  mkdirSync(dirname(path), { recursive: true });
  if (existsSync(path) && statSync(path).size > 20 * 1024 * 1024) renameSync(path, `${path}.1`);
  return openSync(path, 'a');
}
