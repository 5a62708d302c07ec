/** The mark of one step: its operation, and its index where it is not the first. Fits a label of Helm's storage. */
export function markOf({
  operationId,
  index,
}: {
  readonly operationId: string;
  readonly index: number;
}): string {
  return index === 0 ? operationId : `${operationId}.${index}`;
}

/** A mark or an id as part of an object's name, where underscores are refused and dots would make subdomains. */
export function asNamePart(mark: string): string {
  return mark.toLowerCase().replaceAll(/[._]/g, '-');
}
