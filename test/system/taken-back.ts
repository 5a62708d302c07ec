/** More memory than any node has, so that nothing of this size ever runs. */
export const IMPOSSIBLE = { resources: { memory: '400Gi' } };

/** Settings with which admission lets anything in, so that only the cluster can fail it, and that soon. */
export function roomForAnything({
  stepTimeoutSeconds,
}: {
  readonly stepTimeoutSeconds: number;
}): Readonly<Record<string, string>> {
  return {
    RUNTIMEAI_STEP_TIMEOUT_SECONDS: String(stepTimeoutSeconds),
    RUNTIMEAI_SLOT_QUOTA: JSON.stringify({ cpu: 1000, memoryMiB: 100_000_000, pods: 500, storageGiB: 1000 }),
  };
}
