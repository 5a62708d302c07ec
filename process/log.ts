import type { Logger as TemporalLogger } from '@temporalio/common';
import { pino } from 'pino';
import { BLANK, withoutSecrets } from './redaction.ts';

/** A structured log; `log.child({ operation, tenant, runtime })` for everything that belongs to one of them. */
export type Log = pino.Logger;
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/** Makes the log of one process: one JSON object per line on stdout, secrets blanked. */
export function createLog(
  processName: string,
  level: LogLevel = 'info',
  destination?: pino.DestinationStream,
): Log {
  const options: pino.LoggerOptions = {
    level,
    base: { process: processName },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: label => ({ level: label }) },
    redact: { paths: REDACTED_PATHS, censor: BLANK },
    hooks: { streamWrite: withoutSecrets },
  };
  return destination ? pino(options, destination) : pino(options);
}

/** The same log in the shape `Runtime.install({ logger })` of the Temporal SDK wants. */
export function temporalLog(log: Log): TemporalLogger {
  const at = (level: LogLevel) => (message: string, fields?: Record<string, unknown>) => {
    log[level](temporalFields(fields), message);
  };
  const write = {
    trace: at('trace'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
  };
  return { ...write, log: (level, message, fields) => write[TEMPORAL_LEVELS[level]](message, fields) };
}

const SECRET_FIELDS = ['authorization', 'cookie', 'password', 'secret', 'token', 'apiKey', 'api_key', 'key'];
const REDACTED_PATHS = SECRET_FIELDS.flatMap(field => [field, `*.${field}`, `*.*.${field}`]);

const TEMPORAL_LEVELS = {
  TRACE: 'trace',
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
} as const;

function temporalFields(fields: Record<string, unknown> = {}): Record<string, unknown> {
  const { error, ...rest } = fields;
  return error === undefined ? rest : { ...rest, err: error };
}
