/** Request bodies shown in the document; a test sends each of them through its schema. */
export const EXAMPLES = {
  createRuntime: {
    smallest: {
      summary: 'The least that can be said',
      value: {
        name: 'my-agent',
        type: 'agent_runtime',
        spec: { agent: { framework: { name: 'custom' }, image: 'runtimeai.dev/sample-agent:1.0.0' } },
      },
    },
    production: {
      summary: 'Two replicas with autoscaling, a secret by reference and a soak of a minute',
      value: {
        name: 'support-agent',
        type: 'agent_runtime',
        project: 'support',
        environment: 'production',
        labels: { team: 'support' },
        spec: {
          agent: {
            framework: { name: 'langchain', version: '0.3.1' },
            image: 'registry.example.com/support/agent:2.4.0',
            resources: { cpu: '500m', memory: '512Mi' },
            replicas: 2,
            auto_scaling: { min_replicas: 2, max_replicas: 6 },
            env: [
              { name: 'LOG_LEVEL', value: 'info' },
              { name: 'CRM_CREDENTIAL', secret_ref: { name: 'crm', key: 'token' } },
            ],
          },
        },
        verification: { timeout_seconds: 300, soak_seconds: 60 },
      },
    },
  },
  createDeployment: {
    newVersion: {
      summary: 'A new version of the agent',
      value: {
        agent: { framework: { name: 'custom' }, image: 'runtimeai.dev/sample-agent:1.1.0', replicas: 2 },
        verification: { timeout_seconds: 120, soak_seconds: 10 },
        comment: 'Answers in two languages',
      },
    },
    afterRollback: {
      summary: 'The next version after a rollback, lifting the hold',
      value: {
        agent: { framework: { name: 'custom' }, image: 'runtimeai.dev/sample-agent:1.1.1', replicas: 2 },
        lift_hold: true,
      },
    },
  },
  createPolicy: {
    freeze: {
      summary: 'Nothing is changed in production, except that agents may be restarted',
      value: {
        name: 'freeze',
        scope_env: 'production',
        rules: [
          {
            kind: 'deny_action',
            selector: { action: 'deploy.*' },
            reason: 'Frozen until the second of January',
          },
          { kind: 'allow_action', selector: { action: 'lifecycle.restart' } },
        ],
      },
    },
    fourEyes: {
      summary: 'Deleting in one project needs two people within an hour',
      value: {
        name: 'four-eyes',
        rules: [
          {
            kind: 'require_approval',
            selector: { action: 'lifecycle.delete', project: 'payments' },
            params: { quorum: 2, expires_in_seconds: 3600 },
          },
        ],
      },
    },
    budget: {
      summary:
        'Above a monthly budget of a project, people have to agree; agents may not take more than ten replicas',
      value: {
        name: 'budget',
        rules: [
          {
            kind: 'budget_guardrail',
            selector: { project: 'payments' },
            params: { monthly: 2500, per: 'project', over: 'require_approval' },
          },
          {
            kind: 'deny_action',
            when: 'desired.replicas > 10 && requester.kind == "agent"',
            reason: 'More than ten replicas are for people to ask for',
          },
        ],
      },
    },
    egress: {
      summary: 'What handles patient data reaches one network only; tried out first',
      value: {
        name: 'patient-data',
        mode: 'shadow',
        rules: [
          {
            kind: 'data_egress',
            selector: { labels: { data: 'patients' } },
            params: { cidrs: ['10.20.0.0/16'], namespaces: [] },
          },
        ],
      },
    },
    all: {
      summary: 'Everything is allowed that nothing else denies',
      value: {
        name: 'allow-all',
        scope_env: null,
        rules: [{ kind: 'allow_action', selector: null, params: null }],
      },
    },
  },
  createTenant: {
    withAdmin: {
      summary: 'With the key of its first administrator',
      value: { id: 'emea', name: 'Europe', admin: { name: 'Grace' } },
    },
  },
  createProject: {
    plain: { summary: 'With the default quota', value: { name: 'payments' } },
    withQuota: {
      summary: 'With a quota of its own',
      value: { name: 'research', quota: { cpu: 64, memory_mib: 262_144, pods: 200, storage_gib: 500 } },
    },
  },
  changeProject: {
    larger: {
      summary: 'More of everything',
      value: { quota: { cpu: 32, memory_mib: 65_536, pods: 100, storage_gib: 200 } },
    },
  },
  createMember: {
    person: {
      summary: 'Somebody who develops in one project',
      value: {
        name: 'Dora',
        kind: 'human',
        grants: [{ role: 'developer', project: 'default' }],
      },
    },
    agent: {
      summary: 'An agent that belongs to whoever makes it',
      value: { name: 'release-bot', kind: 'agent', grants: [{ role: 'developer', project: null }] },
    },
  },
  changeMember: {
    roles: {
      summary: 'Exactly these roles from now on',
      value: { grants: [{ role: 'operator', project: null }] },
    },
    disable: { summary: 'Of no use until it is enabled again', value: { disabled: true } },
  },
  createKey: {
    own: { summary: 'A further key of one’s own', value: { name: 'laptop', expires_in_seconds: 7_776_000 } },
    limited: {
      summary: 'One that only reads',
      value: { name: 'dashboard', scopes: ['runtime:read', 'operation:read', 'event:read'] },
    },
  },
  rotateKey: {
    overADay: { summary: 'Both are good for a day', value: { old_ends_in_seconds: 86_400 } },
    atOnce: { summary: 'The old one ends at once', value: { old_ends_in_seconds: 0 } },
  },
  checkPolicies: {
    inline: {
      summary: 'May an agent delete a labelled runtime in production?',
      value: {
        action: 'lifecycle.delete',
        environment: 'production',
        project: 'payments',
        runtime: { name: 'support-agent', type: 'agent_runtime', labels: { team: 'support' } },
        requester: { kind: 'agent', roles: ['developer'] },
      },
    },
    runtime: {
      summary: 'May I scale this runtime to six?',
      value: {
        action: 'lifecycle.scale',
        runtime_id: 'rt_01h455vb4pex5vsknk084sn02q',
        desired: { replicas: 6 },
      },
    },
  },
  testPolicies: {
    draft: {
      summary: 'A freeze stops deploys and lets restarts through',
      value: {
        policies: [
          {
            name: 'freeze',
            scope_env: 'production',
            rules: [
              { kind: 'deny_action', selector: { action: 'deploy.*' } },
              { kind: 'allow_action', selector: { action: 'lifecycle.restart' } },
            ],
          },
        ],
        fixtures: [
          {
            name: 'a deploy is stopped',
            question: { action: 'deploy.upgrade', environment: 'production' },
            expect: { answer: 'deny', policy: 'freeze', rule: 1 },
          },
          {
            name: 'a restart is not',
            question: { action: 'lifecycle.restart', environment: 'production' },
            expect: { answer: 'allow' },
          },
        ],
      },
    },
  },
  replayPolicies: {
    stricter: {
      summary: 'What of the last 500 decisions would a second pair of eyes have changed?',
      value: {
        policies: [{ name: 'four-eyes', rules: [{ kind: 'require_approval', params: { quorum: 2 } }] }],
        limit: 500,
      },
    },
  },
  cancelOperation: { withReason: { summary: 'With a reason', value: { reason: 'wrong version' } } },
  resolveOperation: {
    retry: { summary: 'Try again', value: { resolution: 'retry', comment: 'The cluster is back' } },
    accept: {
      summary: 'Accept what is there',
      value: { resolution: 'accept', comment: 'I have seen it answer' },
    },
    abandon: { summary: 'Give it up', value: { resolution: 'abandon' } },
  },
  decideApproval: {
    approve: { summary: 'Yes', value: { decision: 'approve', comment: 'Reviewed the diff' } },
    reject: {
      summary: 'No, with a reason',
      value: { decision: 'reject', comment: 'Not before the holidays' },
    },
  },
  withdrawDecision: {
    withdraw: { summary: 'With a reason', value: { comment: 'The load test has failed meanwhile' } },
  },
  createDelegation: {
    holiday: {
      summary: 'While somebody is away',
      value: {
        to: 'prn_01h455vb4pex5vsknk084sn02q',
        until: '2026-12-31T23:00:00.000Z',
        reason: 'On holiday until January',
      },
    },
  },
} as const;
