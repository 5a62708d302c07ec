/** What a step leaves on what it makes, so that it is found again: the operation, and which of its steps. */
export function markOf({
  operationId,
  index,
}: {
  readonly operationId: string;
  readonly index: number;
}): string {
  return index === 0 ? operationId : `${operationId}.${index}`;
}
