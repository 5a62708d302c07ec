import { parseAllDocuments } from 'yaml';
import { isClusterWide } from './kinds.ts';
import { fieldsOf, type KubernetesObject, textOf } from './objects.ts';

/** The objects of a rendered manifest, each in its namespace. */
export function parseManifest(yaml: string, namespace: string): readonly KubernetesObject[] {
  return parseAllDocuments(yaml).flatMap((document, index) => {
    const [error] = document.errors;
    if (error)
      throw new Error(
        `Document ${index + 1} of the manifest is no YAML: ${error.message}. Correct the chart.`,
      );
    const content: unknown = document.toJS();
    return content === null || content === undefined ? [] : [placed(fieldsOf(content), { namespace, index })];
  });
}

function placed(
  content: Readonly<Record<string, unknown>>,
  where: { readonly namespace: string; readonly index: number },
): KubernetesObject {
  const metadata = fieldsOf(content['metadata']);
  const [apiVersion, kind, name] = [content['apiVersion'], content['kind'], metadata['name']].map(textOf);
  if (!apiVersion || !kind || !name)
    throw new Error(
      `Document ${where.index + 1} of the manifest lacks apiVersion, kind or metadata.name. Correct the chart.`,
    );
  const own = textOf(metadata['namespace']);
  const namespace = isClusterWide({ apiVersion, kind })
    ? {}
    : { namespace: own === '' ? where.namespace : own };
  return { ...content, apiVersion, kind, metadata: { ...metadata, name, ...namespace } };
}
