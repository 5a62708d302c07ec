import { KubernetesError } from '../../clients/kubernetes/errors.ts';
import { type KindReference, nameOf } from '../../clients/kubernetes/objects.ts';
import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';

/** A cluster with nothing but Kubernetes in it: no object of any kind, and of foreign kinds not even a list. */
export function createBareCluster(): KubernetesClient {
  const refuse = async (): Promise<never> => {
    throw notFound('The bare cluster changes nothing');
  };
  return {
    connection: {
      server: 'http://bare.invalid',
      source: 'a cluster that has nothing',
      authorize: refuse,
      close: () => undefined,
    },
    get: async () => undefined,
    list: async reference => (isOfKubernetes(reference) ? [] : Promise.reject(noSuchKind(reference))),
    create: refuse,
    apply: refuse,
    patch: refuse,
    delete: async () => undefined,
    readLog: refuse,
  };
}

const OWN_GROUPS = /^(v1|(apps|batch|autoscaling|policy)\/.*|[a-z.]+\.k8s\.io\/.*)$/;
const ADDED_GROUPS = /^([a-z.]*\.)?(agents\.x-k8s|metrics|snapshot\.storage\.k8s)\./;

function isOfKubernetes({ apiVersion }: KindReference): boolean {
  return OWN_GROUPS.test(apiVersion) && !ADDED_GROUPS.test(apiVersion) && !apiVersion.includes('.x-k8s.io/');
}

function noSuchKind(reference: KindReference): KubernetesError {
  return notFound(`Listing ${nameOf(reference)}: 404 page not found`);
}

function notFound(message: string): KubernetesError {
  return new KubernetesError(message, {
    kind: 'not_found',
    retryable: false,
    reason: 'NotFound',
    status: 404,
  });
}
