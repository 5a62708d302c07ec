#!/usr/bin/env node
import { spawn } from 'node:child_process';
import { appendFileSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What a copy of this program does when it is started, read from `orders.json` beside it. */
export interface HelmOrders {
  readonly say?: string;
  readonly complain?: string;
  readonly exit?: number;
  readonly dieBy?: NodeJS.Signals;
  readonly hang?: 'until-term' | 'for-ever';
  /** Starts a process of its own that would live on. */
  readonly withChild?: boolean;
}

/** What a copy of this program saw, one line of JSON per start in `calls.jsonl` beside it. */
export interface HelmCall {
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly pid: number;
  readonly child: number | undefined;
  readonly values: unknown;
  readonly valuesMode: number | undefined;
}

const here = dirname(process.argv[1] ?? '');
const orders = JSON.parse(readFileSync(join(here, 'orders.json'), 'utf8')) as HelmOrders;
const argv = process.argv.slice(2);
const file = argv[argv.indexOf('-f') + 1] ?? '';
const hasValues = argv.includes('-f');
if (orders.hang === 'for-ever') process.on('SIGTERM', () => undefined);
const child = orders.withChild === true ? spawn('sleep', ['600'], { stdio: 'inherit' }).pid : undefined;
const call: HelmCall = {
  argv,
  environment: process.env as Record<string, string>,
  pid: process.pid,
  child,
  values: hasValues ? JSON.parse(readFileSync(file, 'utf8')) : undefined,
  valuesMode: hasValues ? statSync(file).mode & 0o777 : undefined,
};
appendFileSync(join(here, 'calls.jsonl'), `${JSON.stringify(call)}\n`);

if (orders.hang !== undefined) setInterval(() => undefined, 60_000);
else {
  process.stderr.write(orders.complain ?? '');
  process.stdout.write(orders.say ?? '', () => {
    if (orders.dieBy !== undefined) process.kill(process.pid, orders.dieBy);
    else process.exit(orders.exit ?? 0);
  });
}
