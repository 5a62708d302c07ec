const BEAT_EVERY_MS = 2000;

export interface HeartbeatOptions {
  /** How long ago the cluster was heard; not finite before it ever was. */
  readonly ageSeconds: () => number;
  readonly beat: (ageSeconds: number) => Promise<void>;
  readonly onFailed: (error: unknown) => void;
}

/** Tells the database every two seconds how fresh the facts are; what it does not hear of becomes `unknown` to readers. */
export function startHeartbeat(options: HeartbeatOptions): { stop(): void } {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  const next = async () => {
    const age = options.ageSeconds();
    if (Number.isFinite(age)) await options.beat(age).catch(options.onFailed);
    if (!stopped) timer = setTimeout(next, BEAT_EVERY_MS);
  };
  void next();
  return {
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
