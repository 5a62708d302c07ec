import { describe, expect, it } from 'vitest';
import { violationsOf } from './manifest-rules.ts';
import { asHelmApplies, documentsOf, manifestDigest, parseRendered, renderedDigest } from './manifests.ts';

const SERVICE = 'apiVersion: v1\nkind: Service\nmetadata:\n  name: a';
const CONFIG =
  'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: b\ndata:\n  text: |\n    # a comment\n    --- no separator';
const HOOK =
  'apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: c\n  annotations:\n    helm.sh/hook: pre-install';

describe('a rendered manifest', () => {
  it('has the digest of the same manifest as Helm stores it', () => {
    const rendered = `---\n# Source: agent/templates/a.yaml\n${SERVICE}\n---\n# Source: agent/templates/b.yaml\n${CONFIG}\n\n---\n${HOOK}\n`;
    const stored = `---\n# Source: agent/templates/b.yaml\n${CONFIG}\n---\n# Source: agent/templates/a.yaml\n${SERVICE}`;
    expect(renderedDigest(parseRendered(rendered, 'ns'))).toBe(manifestDigest(documentsOf(stored)));
  });

  it('has another digest when a document differs', () => {
    expect(manifestDigest([SERVICE])).not.toBe(manifestDigest([SERVICE.replace('a', 'z')]));
    expect(manifestDigest([SERVICE])).not.toBe(manifestDigest([SERVICE, CONFIG]));
  });

  it('may hold documents with nothing but comments', () => {
    expect(parseRendered(`---\n# nothing here\n---\n\n---\n${SERVICE}`, 'ns')).toHaveLength(1);
  });

  it.each(['kind: Service\nmetadata: {name: a}', 'just text', 'a: ['])(
    'is refused when it is no object (%s)',
    text => {
      expect(() => parseRendered(text, 'ns')).toThrow(
        expect.objectContaining({ kind: 'render', retryable: false }),
      );
    },
  );

  it('is compared as Helm applies it, with the marks of its owner', () => {
    const [service] = parseRendered(SERVICE, 'ns');
    expect(service && asHelmApplies(service.object, { release: 'r', namespace: 'ns' }).metadata).toEqual({
      name: 'a',
      namespace: 'ns',
      labels: { 'app.kubernetes.io/managed-by': 'Helm' },
      annotations: { 'meta.helm.sh/release-name': 'r', 'meta.helm.sh/release-namespace': 'ns' },
    });
  });
});

describe('a chart from a stranger', () => {
  const pod = (spec: object, container: object = {}) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'a', namespace: 'ns' },
    spec: { template: { spec: { containers: [{ name: 'c', ...container }], ...spec } } },
  });
  const object = (apiVersion: string, kind: string, rest: object = {}) => ({
    apiVersion,
    kind,
    metadata: { name: 'a' },
    ...rest,
  });

  it('may make the usual things', () => {
    const context = { privileged: false, allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };
    const usual = [
      pod(
        { volumes: [{ name: 'tmp', emptyDir: {} }] },
        { securityContext: context, ports: [{ containerPort: 8080 }] },
      ),
      object('v1', 'Service', { spec: { type: 'ClusterIP' } }),
      object('v1', 'ServiceAccount'),
      object('autoscaling/v2', 'HorizontalPodAutoscaler'),
      object('policy/v1', 'PodDisruptionBudget'),
      object('networking.k8s.io/v1', 'NetworkPolicy'),
    ];
    expect(violationsOf(usual, { namespace: 'ns' })).toEqual([]);
  });

  it.each([
    [
      'a cluster role',
      object('rbac.authorization.k8s.io/v1', 'ClusterRole'),
      'is of a kind charts may not make',
    ],
    [
      'a role binding',
      object('rbac.authorization.k8s.io/v1', 'RoleBinding'),
      'is of a kind charts may not make',
    ],
    [
      'a webhook',
      object('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration'),
      'is of a kind charts may not make',
    ],
    ['a namespace', object('v1', 'Namespace'), 'is of a kind charts may not make'],
    ['a secret by value', object('v1', 'Secret'), 'is of a kind charts may not make'],
    ['an unknown kind', object('example.com/v1', 'Anything'), 'is of a kind charts may not make'],
    [
      'another namespace',
      { ...object('v1', 'Service'), metadata: { name: 'a', namespace: 'other' } },
      'another namespace',
    ],
    [
      'external addresses',
      object('v1', 'Service', { spec: { externalIPs: ['1.1.1.1'] } }),
      'external addresses',
    ],
    ['a host path', pod({ volumes: [{ name: 'v', hostPath: { path: '/' } }] }), 'mounts a path of the node'],
    ['the host network', pod({ hostNetwork: true }), 'hostNetwork'],
    ['the host’s processes', pod({ hostPID: true }), 'hostPID'],
    ['a privileged container', pod({}, { securityContext: { privileged: true } }), 'privileged'],
    [
      'a privileged init container',
      pod({ initContainers: [{ name: 'i', securityContext: { privileged: true } }] }),
      'container i privileged',
    ],
    [
      'privilege escalation',
      pod({}, { securityContext: { allowPrivilegeEscalation: true } }),
      'gain privileges',
    ],
    [
      'added capabilities',
      pod({}, { securityContext: { capabilities: { add: ['SYS_ADMIN'] } } }),
      'SYS_ADMIN',
    ],
    ['a host port', pod({}, { ports: [{ hostPort: 80 }] }), 'port of the node'],
    [
      'a host path in a cron job',
      object('batch/v1', 'CronJob', {
        spec: { jobTemplate: { spec: { template: { spec: { volumes: [{ name: 'v', hostPath: {} }] } } } } },
      }),
      'mounts a path of the node',
    ],
  ])('may not have %s', (_, dangerous, words) => {
    expect(violationsOf([dangerous], { namespace: 'ns' }).join()).toContain(words);
  });
});
