import { Command } from 'commander';
import { stringify } from 'yaml';
import { policiesInForce } from '../../db/policies.ts';
import { type NewPolicy, type Policy, PolicyAction } from '../../domain/policy.ts';
import { Environment } from '../../domain/tenant.ts';
import { type AdmissionExport, admissionPolicies } from '../../policy/admission-policy.ts';
import { draftsOf, withDrafts } from '../../policy/drafts.ts';
import { explain } from '../../policy/explain.ts';
import { SAMPLE_QUESTION } from '../../policy/sample-question.ts';
import { filledIn, runSuite, type SuiteReport } from '../../policy/suite.ts';
import { asOwner } from './owner.ts';
import { policiesFrom, questionFrom, suiteFrom } from './policy-file.ts';

/** `admin policy check`, `test` and `export`: what the policies say; none of them changes anything. */
export function policyJudgementCommands(): Command[] {
  return [checkCommand(), testCommand(), exportCommand()];
}

interface CheckOptions {
  readonly tenant: string;
  readonly action?: string;
  readonly environment?: string;
  readonly project?: string;
  readonly question?: string;
  readonly file?: string;
}

function checkCommand(): Command {
  return new Command('check')
    .description('Asks the policies of a tenant a question, and prints answer and explanation as YAML.')
    .requiredOption('--tenant <id>', 'whose policies')
    .option('--action <action>', 'e.g. lifecycle.delete')
    .option('--environment <environment>', 'development, staging or production')
    .option('--project <project>', 'a project of the tenant')
    .option('--question <file>', 'YAML or JSON with more words of the question')
    .option('--file <name or file>', 'policies in place of the tenant’s own')
    .action(check);
}

async function check({ tenant, question: file, action, environment, project, ...options }: CheckOptions) {
  const policies = await policiesOf(tenant, options.file && policiesFrom(options.file));
  const question = filledIn(
    {
      ...(file !== undefined && questionFrom(file)),
      tenant,
      ...(action !== undefined && { action: PolicyAction.parse(action) }),
      ...(environment !== undefined && { environment: Environment.parse(environment) }),
      ...(project !== undefined && { project }),
    },
    SAMPLE_QUESTION,
  );
  const { verdict, rules, would_pass } = explain(question, policies);
  const { answer, policy, reason, shadow, demands, obligations } = verdict;
  const said = { answer, policy, reason, demands, obligations, shadow, would_pass, rules };
  console.log(stringify(said).trimEnd());
}

interface TestOptions {
  readonly file: string;
  readonly tenant?: string;
  readonly policies?: string;
}

function testCommand(): Command {
  return new Command('test')
    .description(
      'Holds policies against fixtures; ends with 1 when one fails. Prints which rules none of them met.',
    )
    .requiredOption('--file <file>', 'YAML or JSON: fixtures, and policies if it likes')
    .option('--policies <name or file>', 'the policies to test, where the file has none')
    .option('--tenant <id>', 'whose policies to test, where none are given; those above it hold in any case')
    .action(test);
}

async function test({ file, tenant, policies: other }: TestOptions): Promise<void> {
  const suite = suiteFrom(file);
  const given = other === undefined ? suite.policies : policiesFrom(other);
  if (tenant === undefined && given === undefined)
    throw new Error(
      'There are no policies to test. Name them with --policies or --tenant, or put them into the file.',
    );
  const policies = tenant === undefined ? draftsOf(given ?? []) : await policiesOf(tenant, given);
  const sample = { ...SAMPLE_QUESTION, ...(tenant !== undefined && { tenant }) };
  const report = runSuite(policies, suite.fixtures, sample);
  console.log(inWords(report));
  if (report.failed > 0) process.exitCode = 1;
}

function inWords({ fixtures, coverage, passed, failed }: SuiteReport): string {
  const lines = fixtures.flatMap(({ name, passed, differences, verdict }) => [
    `${passed ? 'passed' : 'FAILED'}  ${name}`,
    ...differences.map(({ word, expected, came }) => `        ${word}: expected ${expected}, came ${came}`),
    ...(passed ? [] : [`        ${verdict.reason}`]),
  ]);
  const unmet = coverage.rules.filter(({ matched }) => matched === 0);
  const all = coverage.rules.length;
  return [
    ...lines,
    ...unmet.map(({ policy, rule, kind }) => `unmet   rule ${rule} of policy "${policy}" (${kind})`),
    `${all - unmet.length} of ${all} rules were met by a fixture.`,
    `${passed} passed, ${failed} failed`,
  ].join('\n');
}

function exportCommand(): Command {
  return new Command('export')
    .description(
      'Prints what the cluster can enforce by itself, as ValidatingAdmissionPolicies for kubectl apply.',
    )
    .requiredOption('--tenant <id>', 'whose policies')
    .option('--except-user <name>', 'the user RuntimeAI is in the cluster, who is let through')
    .action(async ({ tenant, exceptUser }: { tenant: string; exceptUser?: string }) => {
      const policies = await policiesOf(tenant, undefined);
      console.log(asYaml(admissionPolicies(policies, { tenant, exceptUser })));
    });
}

function asYaml({ manifests, left_out }: AdmissionExport): string {
  const missing = left_out.map(
    ({ policy, rule, why }) => `# left out: rule ${rule} of policy ${JSON.stringify(policy)}: ${why}`,
  );
  return [...missing, ...manifests.map(manifest => `---\n${stringify(manifest).trimEnd()}`)].join('\n');
}

/** Those in force for the tenant, with others in place of its own where there are any. */
async function policiesOf(tenant: string, own: readonly NewPolicy[] | '' | undefined): Promise<Policy[]> {
  const inForce = await asOwner(owner => owner.inTenant(tenant, policiesInForce));
  return own ? withDrafts(inForce, own) : inForce;
}
