import type { ApprovalCard } from '../../domain/approval.ts';
import { demandInWords } from '../../domain/rules/demand-in-words.ts';
import type { ApprovalDetail, DemandProgress } from './approvals.schemas.ts';

/**
 * The approval as a card to read, in Markdown. What strangers wrote (names, comments, manifests) stays text: it can
 * neither end its block, make a link, nor send control sequences to a terminal.
 */
export function cardText(approval: ApprovalDetail): string {
  const { card } = approval;
  const parts = [
    `# ${plain(card.title)}`,
    facts(approval),
    section('Replaces an earlier approval', approval.difference === null ? '' : plain(approval.difference)),
    section('Who must agree', agreement(approval)),
    section('Answers', answers(approval)),
    section('Risk', [`**${card.risk.level}**`, ...card.risk.reasons.map(plain)].join('\n- ')),
    section('Cost', cost(card)),
    section('Evidence', list(card.evidence)),
    section('Steps', list(card.steps)),
    section('What changes', changes(card)),
    section('Your decision', yours(approval)),
  ];
  return `${parts.filter(part => part !== '').join('\n\n')}\n`;
}

function facts({ card, ...approval }: ApprovalDetail): string {
  const where = Object.entries(card.target).map(([name, value]) => `${plain(name)} ${code(value)}`);
  const asked = `${plain(card.requested_by)}${card.on_behalf_of === null ? '' : `, on behalf of ${plain(card.on_behalf_of)}`}`;
  const lines = {
    Approval: code(approval.id),
    Status: `**${approval.status}**`,
    'Asked by': asked,
    Comment: card.comment === null ? '' : plain(card.comment),
    Because: plain(approval.reason),
    Where: where.join(', '),
    Chart: card.chart === null ? '' : code(card.chart),
    Operation: code(approval.operation_id),
    Expires: approval.expires_at,
    Digest: code(approval.digest),
  };
  return Object.entries(lines)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `- ${name}: ${value}`)
    .join('\n');
}

function agreement({ demands, progress }: ApprovalDetail): string {
  if (progress === null) return list(demands.map(demand => `${demandInWords(demand)} – ${demand.because}`));
  return progress.map(each => `- ${demandLine(each)}`).join('\n');
}

function demandLine({ demand, wanted, agreed, missing }: DemandProgress): string {
  const so = missing === 0 ? 'agreed' : `${missing} missing`;
  const who = agreed.length === 0 ? 'nobody yet' : agreed.map(plain).join(', ');
  return `${plain(wanted)}: ${who} (**${so}**) – ${plain(demand.because)}`;
}

function answers({ decisions }: ApprovalDetail): string {
  return decisions
    .map(each => {
      const who = `${plain(each.decided_by)}${each.for === null ? '' : ` in the place of ${plain(each.for.name)}`}`;
      const how = each.decision === 'approve' ? 'approved' : 'rejected';
      const taken = each.withdrawn_at === null ? '' : `, withdrawn ${each.withdrawn_at}`;
      const why = each.comment === null ? '' : `: ${plain(each.comment)}`;
      return `- ${who} ${how} ${each.decided_at}${taken}${why}`;
    })
    .join('\n');
}

function cost({ cost: given }: ApprovalCard): string {
  if (given === null) return '';
  const { before, after, unit } = given;
  const difference = after - before;
  const sign = difference > 0 ? '+' : '';
  return `${amount(before)} → ${amount(after)} ${plain(unit)} a month (**${sign}${amount(difference)}**)`;
}

function changes({ changes: all, summary }: ApprovalCard): string {
  const counts = `${summary.create} to create, ${summary.update} to update, ${summary.remove} to remove, ${summary.unchanged} unchanged`;
  const shown = all
    .filter(({ change }) => change !== 'unchanged')
    .map(({ kind, name, change, diff }) => [`### ${change} ${plain(kind)} ${code(name)}`, fenced(diff)]);
  return [counts, ...shown.flat()].filter(part => part !== '').join('\n\n');
}

function yours({ status, id, digest, you }: ApprovalDetail): string {
  if (status !== 'open') return '';
  if (you.why_not !== null) return `You cannot decide on this: ${plain(you.why_not.message)}.`;
  const place = you.in_place_of === null ? '' : ` in the place of ${plain(you.in_place_of)}`;
  const request = JSON.stringify({ decision: 'approve', digest });
  return `You may decide${place}: \`POST /v1/approvals/${id}/decision\` with\n\n${fenced(request, 'json')}`;
}

function section(title: string, body: string): string {
  return body === '' ? '' : `## ${title}\n\n${body}`;
}

function list(items: readonly string[]): string {
  return items.map(item => `- ${plain(item)}`).join('\n');
}

function amount(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** Text in a line of its own, without any meaning to Markdown or to a terminal. */
function plain(text: string): string {
  return visible(text)
    .replaceAll(/\s+/g, ' ')
    .trim()
    .replaceAll(/[\\`*_[\]<>|#]/g, '\\$&');
}

function code(text: string): string {
  return `\`${visible(text).replaceAll(/[\s`]+/g, ' ')}\``;
}

/** A block that its content cannot end: the fence is longer than any run of backticks in it. */
function fenced(text: string, language = 'diff'): string {
  if (text === '') return '';
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${visible(text).replace(/\n$/, '')}\n${fence}`;
}

/** Control characters would be commands to a terminal; marks of direction would show a diff in another order than it has. */
function visible(text: string): string {
  return text.replaceAll(/[^\P{C}\n\t]/gu, '\ufffd');
}
