import { gzipSync } from 'node:zlib';

/** What one revision will hold: the chart's files, the rendered manifest and the values. */
export interface RevisionContent {
  readonly chartFiles: readonly Buffer[];
  readonly rendered: string;
  readonly values: unknown;
}

/** A Kubernetes Secret may hold 1 MiB of data (`MaxSecretSize`); some of it is for what else Helm writes. */
export const MAX_REVISION_BYTES = 1024 * 1024 - 32 * 1024;

/** Bytes the revision will need in its Secret, near enough: base64 of the gzipped JSON Helm makes of it. */
export function estimateRevisionBytes(content: RevisionContent): number {
  const files = content.chartFiles.map(file => file.toString('base64'));
  const json = JSON.stringify([files, content.rendered, content.values]);
  if (json.length * BASE64 < MAX_REVISION_BYTES / 4) return Math.ceil(json.length * BASE64);
  return Math.ceil(gzipSync(json).length * BASE64);
}

const BASE64 = 4 / 3;
