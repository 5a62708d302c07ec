import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { declareKind } from '../../clients/kubernetes/kinds.ts';
import { fieldsOf, type KubernetesObject, referenceOf } from '../../clients/kubernetes/objects.ts';
import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import { type Policy, PolicyRule } from '../../domain/policy.ts';
import { admissionPolicies } from '../../policy/admission-policy.ts';
import { agentDeployment, removeNamespace, testCluster, testNamespace } from './cluster.ts';

let client: KubernetesClient;
let namespace: string;
let applied: readonly KubernetesObject[] = [];

const ADMISSION = 'admissionregistration.k8s.io/v1';
const clusterWide = true;

beforeAll(async () => {
  const kind = 'ValidatingAdmissionPolicy';
  declareKind({ apiVersion: ADMISSION, kind, plural: 'validatingadmissionpolicies', clusterWide });
  const binding = 'ValidatingAdmissionPolicyBinding';
  declareKind({
    apiVersion: ADMISSION,
    kind: binding,
    plural: 'validatingadmissionpolicybindings',
    clusterWide,
  });
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  declareKind({ ...review, plural: 'selfsubjectreviews', clusterWide });
  client = await testCluster();
  namespace = await testNamespace(client);
});

afterAll(async () => {
  for (const object of applied) await client.delete(referenceOf(object));
  await removeNamespace(client, namespace);
  client.connection.close();
});

function policy(name: string, rules: readonly object[], scope_env: Policy['scope_env'] = null): Policy {
  return {
    id: `pol_${namespace}_${name}`,
    name,
    version: 1,
    mode: 'enforce',
    scope_env,
    rules: rules.map(rule => PolicyRule.parse(rule)),
    inherited_from: null,
  };
}

interface Place {
  readonly name: string;
  readonly tenant: string;
  readonly environment?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

function labelsOf({ tenant, environment, labels }: Place) {
  return {
    ...labels,
    'runtimeai.dev/runtime': 'rt_1',
    'runtimeai.dev/tenant': tenant,
    'runtimeai.dev/project': 'default',
    ...(environment && { 'runtimeai.dev/environment': environment }),
  };
}

function deployment(place: Place, image = 'x.example/agent:1'): KubernetesObject {
  const object = agentDeployment({ namespace, runtimeId: 'rt_1', operationId: 'op_1', image, replicas: 0 });
  return { ...object, metadata: { ...object.metadata, name: place.name, labels: labelsOf(place) } };
}

function sandbox(place: Place): KubernetesObject {
  const container = { name: 'sandbox', image: 'x.example/sandbox:1' };
  return {
    apiVersion: 'agents.x-k8s.io/v1beta1',
    kind: 'Sandbox',
    metadata: { name: place.name, namespace, labels: labelsOf(place) },
    spec: { operatingMode: 'Suspended', podTemplate: { spec: { containers: [container] } } },
  };
}

/** What the API server says to it, which keeps nothing of it. */
async function answerTo(object: KubernetesObject): Promise<string> {
  try {
    await client.apply(object, { dryRun: true, force: true });
    return 'let through';
  } catch (error) {
    return String(error);
  }
}

/** Applies the export and waits until each policy of a `probe` is in force, of which the API server learns in its own time. */
async function enforce(
  policies: readonly Policy[],
  tenant: string,
  probe: KubernetesObject,
  exceptUser?: string,
) {
  const { manifests, left_out } = admissionPolicies(policies, { tenant, exceptUser });
  const objects = manifests as readonly KubernetesObject[];
  applied = [...applied, ...objects];
  for (const object of objects) await client.apply(object);
  await expect.poll(() => answerTo(probe), { timeout: 30_000 }).toContain('RuntimeAI');
  return left_out;
}

describe('the exported policies, applied to the cluster', () => {
  it('refuse a deploy that the rule denies with its words, and let through what it is not about', async () => {
    const tenant = `${namespace}-a`;
    const kept = deployment({ name: 'kept', tenant, environment: 'production' });
    await client.apply(kept);
    const freeze = [
      { kind: 'deny_action', selector: { action: 'deploy.*' }, reason: 'frozen over the holidays' },
    ];
    const inProduction = deployment({ name: 'new', tenant, environment: 'production' });
    await enforce([policy('freeze', freeze, 'production')], tenant, inProduction);
    expect(await answerTo(inProduction)).toContain(
      'RuntimeAI: rule 1 of policy "freeze" denies deploy.* of an agent_runtime in production: frozen over the holidays',
    );
    const others: readonly Place[] = [
      { name: 'new', tenant, environment: 'development' },
      { name: 'new', tenant: `${namespace}-b`, environment: 'production' },
    ];
    for (const other of others) expect(await answerTo(deployment(other))).toBe('let through');
    const foreign = { ...inProduction, metadata: { name: 'new', namespace } };
    expect(await answerTo(foreign)).toBe('let through');

    const image = { ...deployment({ name: 'kept', tenant, environment: 'production' }, 'x.example/agent:2') };
    await expect.poll(() => answerTo(image), { timeout: 30_000 }).toContain('rule 1 of policy "freeze"');
    const scaled = { ...kept, spec: { ...fieldsOf(kept['spec']), replicas: 1 } };
    expect(await answerTo(scaled)).toBe('let through');
    await client.delete(referenceOf(kept));
  });

  it('refuse by labels and conditions of a sandbox, and its deletion', async () => {
    const tenant = `${namespace}-c`;
    const labels = { team: 'frozen' };
    const kept = await client.apply(sandbox({ name: 'kept', tenant, labels }));
    const rules = [
      {
        kind: 'deny_action',
        selector: { action: 'lifecycle.*', runtime_kind: 'sandbox', labels: { team: '*' } },
        when: 'runtime.labels.team == "frozen" && runtime.name.startsWith("k")',
      },
    ];
    await enforce([policy('teams', rules)], tenant, sandbox({ name: 'known', tenant, labels }));
    expect(await answerTo(sandbox({ name: 'other', tenant, labels }))).toBe('let through');
    expect(await answerTo(sandbox({ name: 'known', tenant, labels: { team: 'free' } }))).toBe('let through');
    expect(await answerTo(sandbox({ name: 'known', tenant }))).toBe('let through');
    const deleting = () => client.delete(referenceOf(kept)).then(() => 'let through', String);
    await expect.poll(deleting, { timeout: 30_000 }).toContain('rule 1 of policy "teams"');
    expect(await client.get(referenceOf(kept))).toBeDefined();
    for (const object of applied) await client.delete(referenceOf(object));
    applied = [];
    await expect.poll(deleting, { timeout: 30_000 }).toBe('let through');
  });

  it('refuse images by their registry, and not what RuntimeAI itself does where it is named', async () => {
    const tenant = `${namespace}-d`;
    const rules = [
      {
        kind: 'deny_action',
        when: '!desired.image.startsWith("registry.example/")',
        reason: 'foreign image',
      },
    ];
    const foreign = deployment({ name: 'agent', tenant });
    const leftOut = await enforce([policy('images', rules)], tenant, foreign);
    expect(leftOut.map(({ why }) => why).join()).toContain('desired.image');
    expect(await answerTo(deployment({ name: 'agent', tenant }, 'registry.example/agent:1'))).toBe(
      'let through',
    );

    const review = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'SelfSubjectReview',
      metadata: { name: '' },
    };
    const { userInfo } = fieldsOf((await client.create(review))['status']);
    const { username } = fieldsOf(userInfo);
    const excepted = admissionPolicies([policy('images', rules)], { tenant, exceptUser: String(username) });
    for (const object of excepted.manifests as KubernetesObject[]) await client.apply(object);
    await expect.poll(() => answerTo(foreign), { timeout: 30_000 }).toBe('let through');
  });

  it('are taken by the API server for every kind and operation', async () => {
    const tenant = `${namespace}-e`;
    const everything = policy('everything', [
      { kind: 'deny_action', when: 'project == "none" || tenant == "" || runtime.type in ["vm", "sandbox"]' },
    ]);
    const { manifests, left_out } = admissionPolicies([everything], { tenant });
    expect(left_out).toEqual([]);
    const objects = manifests as readonly KubernetesObject[];
    expect(objects).toHaveLength(2 * 4 * 3);
    applied = [...applied, ...objects];
    for (const object of objects) await client.apply(object);
    const checked = async () => {
      const policies = objects.filter(({ kind }) => kind === 'ValidatingAdmissionPolicy');
      const found = await Promise.all(policies.map(object => client.get(referenceOf(object))));
      return found.map(object => fieldsOf(object?.['status']));
    };
    await expect
      .poll(async () => (await checked()).every(status => status['observedGeneration'] === 1), {
        timeout: 30_000,
      })
      .toBe(true);
    const warnings = (await checked()).map(
      ({ typeChecking }) => fieldsOf(typeChecking)['expressionWarnings'],
    );
    expect(warnings.filter(warning => warning !== undefined)).toEqual([]);
  });
});
