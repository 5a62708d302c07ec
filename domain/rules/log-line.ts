/** What a log line says: message and error of a line that is a JSON object, any other line as it is. */
export function messageOfLogLine(line: string): string {
  const fields = jsonObject(line);
  if (fields === undefined) return line;
  const message = MESSAGE_FIELDS.map(name => textOf(fields[name])).find(text => text !== '');
  const error = ERROR_FIELDS.map(name => textOf(fields[name])).find(text => text !== '');
  return [...new Set([message, error])].filter(part => part !== undefined).join(': ') || line;
}

/** What the usual loggers call it: slog and pino, zap and structlog, Bunyan's and Python's JSON formatters. */
const MESSAGE_FIELDS = ['msg', 'message', 'event'];
/** Why it happened: "stopped" alone explains nothing. */
const ERROR_FIELDS = ['error', 'err', 'exception'];

/** A text, or the message of an error that is an object. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null || !('message' in value)) return '';
  return typeof value.message === 'string' ? value.message : '';
}

function jsonObject(line: string): Readonly<Record<string, unknown>> | undefined {
  if (!line.trimStart().startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch (error) {
    // A line that only looks like JSON, or one that was cut.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
