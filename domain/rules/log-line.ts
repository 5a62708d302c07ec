/** What a log line says: the message of a line that is a JSON object, any other line as it is. */
export function messageOfLogLine(line: string): string {
  const fields = jsonObject(line);
  const message = MESSAGE_FIELDS.map(name => fields?.[name]).find(
    value => typeof value === 'string' && value !== '',
  );
  return typeof message === 'string' ? message : line;
}

/** What the usual loggers call it: slog and pino, zap and structlog, Bunyan's and Python's JSON formatters. */
const MESSAGE_FIELDS = ['msg', 'message', 'event', 'error'];

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
