import { createHash } from 'node:crypto';
import { parseManifest } from '../kubernetes/manifest.ts';
import type { KubernetesObject } from '../kubernetes/objects.ts';
import type { ReleaseName } from './cli.ts';
import { HelmError } from './errors.ts';

/** One document of a rendered manifest. */
export interface RenderedObject {
  readonly object: KubernetesObject;
  readonly text: string;
  /** Helm runs it and does not keep it in the release's manifest. */
  readonly isHook: boolean;
}

/** Takes apart what `helm template` printed, or the manifest a release holds. */
export function parseRendered(rendered: string, namespace: string): readonly RenderedObject[] {
  return documentsOf(rendered).flatMap(text =>
    objectsOf(text, namespace).map(object => ({ object, text, isHook: isHook(object) })),
  );
}

/**
 * Digest of a manifest that is the same for the rendered text and for the manifest Helm stored: documents in any
 * order, without Helm's `# Source` lines and blank edges.
 */
export function manifestDigest(documents: readonly string[]): string {
  const hash = createHash('sha256');
  for (const text of [...documents].sort()) hash.update(text).update('\0');
  return `sha256:${hash.digest('hex')}`;
}

/** Digest of what was rendered, without its hooks, as the release will hold it. */
export function renderedDigest(objects: readonly RenderedObject[]): string {
  return manifestDigest(objects.filter(object => !object.isHook).map(object => object.text));
}

/** The texts of the documents in a manifest, without the empty ones. */
export function documentsOf(manifest: string): string[] {
  return manifest
    .split(/^---[ \t]*$/m)
    .map(text => text.replace(/^# Source: .*$/m, '').trim())
    .filter(text => text.split('\n').some(line => line.trim() !== '' && !line.trimStart().startsWith('#')));
}

/** The object as Helm applies it: with the marks by which Helm knows its own. */
export function asHelmApplies(object: KubernetesObject, owner: ReleaseName): KubernetesObject {
  const { labels, annotations } = object.metadata;
  return {
    ...object,
    metadata: {
      ...object.metadata,
      labels: { ...labels, 'app.kubernetes.io/managed-by': 'Helm' },
      annotations: {
        ...annotations,
        'meta.helm.sh/release-name': owner.release,
        'meta.helm.sh/release-namespace': owner.namespace,
      },
    },
  };
}

function objectsOf(text: string, namespace: string): readonly KubernetesObject[] {
  try {
    return parseManifest(text, namespace);
  } catch (error) {
    throw new HelmError(
      {
        kind: 'render',
        retryable: false,
        message: `The chart rendered something that is no Kubernetes object: ${String(error)}`,
        nextStep: 'Repair the chart; `helm template` with the same values shows the document.',
      },
      { cause: error },
    );
  }
}

function isHook(object: KubernetesObject): boolean {
  return object.metadata.annotations?.['helm.sh/hook'] !== undefined;
}
