import { PolicyAction } from '../domain/policy.ts';

/** Whether a glob, in which * stands for any text, covers an action. Takes time in proportion to both, never more. */
export function covers(glob: string, action: string): boolean {
  const [head = '', ...rest] = glob.split('*');
  const tail = rest.pop();
  if (tail === undefined) return glob === action;
  if (action.length < head.length + tail.length || !action.startsWith(head) || !action.endsWith(tail))
    return false;
  let at = head.length;
  for (const part of rest) {
    const found = action.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= action.length - tail.length;
}

/** All actions that a selector's word covers; without a word, all there are. */
export function actionsOf(glob: string | undefined): PolicyAction[] {
  return PolicyAction.options.filter(action => glob === undefined || covers(glob, action));
}
