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
    all: {
      summary: 'Everything is allowed that nothing else denies',
      value: {
        name: 'allow-all',
        scope_env: null,
        rules: [{ kind: 'allow_action', selector: null, params: null }],
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
} as const;
