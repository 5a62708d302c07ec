import { createHash } from 'node:crypto';
import { ENVIRONMENT_LABEL, PROJECT_LABEL, RUNTIME_LABEL, TENANT_LABEL } from '../domain/rules/labels.ts';
import type { RuntimeType } from '../domain/runtime.ts';
import type { ClusterKind, Way } from './admission-kinds.ts';
import { SUBJECT } from './admission-when.ts';
import { because, type Placed, ruleName } from './naming.ts';

/** For whom, and beside whom, it is exported. */
export interface AdmissionExportOptions {
  readonly tenant: string;
  /** The user RuntimeAI itself is in the cluster: it has asked the policies, and its way back must not be refused. */
  readonly exceptUser?: string | undefined;
}

/** The kind of runtime it is said of. */
export interface Target extends AdmissionExportOptions {
  readonly type: RuntimeType;
  readonly kind: ClusterKind;
}

/** What is refused, and by which expression. */
export interface Refusal {
  readonly target: Target;
  readonly way: Way;
  readonly expression: string;
}

/** The policy that refuses it, and the binding that puts it into force everywhere. */
export function manifestsOf(placed: Placed, refusal: Refusal): object[] {
  const { target } = refusal;
  const metadata = {
    name: nameOf(placed, refusal),
    labels: { 'app.kubernetes.io/managed-by': 'runtimeai', [TENANT_LABEL]: target.tenant },
    annotations: {
      'runtimeai.dev/policy': `${placed.policy.name}, version ${placed.policy.version}, rule ${placed.number}`,
    },
  };
  const apiVersion = 'admissionregistration.k8s.io/v1';
  return [
    { apiVersion, kind: 'ValidatingAdmissionPolicy', metadata, spec: specOf(placed, refusal) },
    {
      apiVersion,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata,
      spec: { policyName: metadata.name, validationActions: ['Deny'] },
    },
  ];
}

/** The same for every version of the rule, so that applying a new export replaces what an earlier one made. */
function nameOf({ policy, number }: Placed, { target, way }: Refusal): string {
  const place = createHash('sha256').update(`${target.tenant} ${policy.id}`).digest('hex').slice(0, 12);
  const type = target.type.replaceAll('_', '-');
  return `runtimeai-${target.tenant}-${place}-${number}-${type}-${way.operation.toLowerCase()}`;
}

function specOf(placed: Placed, { target, way, expression }: Refusal) {
  const { operation, condition } = way;
  return {
    failurePolicy: 'Fail',
    matchConstraints: {
      objectSelector: objectSelector(placed, target.tenant),
      resourceRules: target.kind.resources.map(({ apiGroup, resource }) => ({
        apiGroups: [apiGroup],
        apiVersions: ['*'],
        operations: [operation],
        resources: [resource],
      })),
    },
    matchConditions: [
      // What a controller makes or removes is a part of what was asked for before.
      { name: 'no-part', expression: `!has((${SUBJECT.expression}).metadata.ownerReferences)` },
      ...(condition === undefined ? [] : [{ name: 'change', expression: condition }]),
      ...(target.exceptUser === undefined
        ? []
        : [
            { name: 'user', expression: `request.userInfo.username != ${JSON.stringify(target.exceptUser)}` },
          ]),
    ],
    variables: [SUBJECT],
    validations: [{ expression, message: messageOf(placed, target), reason: 'Forbidden' }],
  };
}

function objectSelector({ policy, rule }: Placed, tenant: string) {
  const { project, environment = policy.scope_env, labels = {} } = rule.selector;
  const asked = Object.entries(labels);
  return {
    matchLabels: {
      [TENANT_LABEL]: tenant,
      ...(project === undefined ? {} : { [PROJECT_LABEL]: project }),
      ...(environment === null ? {} : { [ENVIRONMENT_LABEL]: environment }),
      ...Object.fromEntries(asked.filter(([, value]) => value !== '*')),
    },
    matchExpressions: [RUNTIME_LABEL, ...asked.flatMap(([key, value]) => (value === '*' ? [key] : []))].map(
      key => ({ key, operator: 'Exists' }),
    ),
  };
}

function messageOf(placed: Placed, { type }: Target): string {
  const { environment = placed.policy.scope_env, action = 'everything' } = placed.rule.selector;
  const where = environment === null ? '' : ` in ${environment}`;
  const message = `RuntimeAI: ${ruleName(placed)} denies ${action} of ${aOrAn(type)}${where}${because(placed)}`;
  // The API server takes no line breaks.
  return message.replaceAll(/\s+/g, ' ');
}

function aOrAn(type: RuntimeType): string {
  return type === 'agent_runtime' ? `an ${type}` : `a ${type}`;
}
