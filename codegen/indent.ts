/**
 * Indents what the templates print, which is nearly all that Prettier would do with it, at a hundredth of its time.
 * What is not plainly right, such as a line that is too long, is left to Prettier; a test compares the two on
 * everything that is generated.
 */

export const PRINT_WIDTH = 120;

/** Signs that Prettier has more to do than to indent. */
const NEEDS_PRETTIER = /,[ ]*[\])]|\{[ ]*\[|"|\([ ]|[ ]\)|\[[ ]|[ ]\]|=>[ ]*$|[?|&=][ ]*$|\[\n\[[^\n]*\],?\n\]/mu;

/** Brackets that one line opens, which indent together. */
interface Group {
  count: number;
  readonly isSwitch: boolean;
}

/** The text as Prettier would have it, or undefined where only Prettier knows. Its lines come trimmed. */
export function indent(text: string): string | undefined {
  if (NEEDS_PRETTIER.test(withoutComments(text))) return undefined;
  const groups: Group[] = [];
  const lines: string[] = [];
  let inComment = false;
  for (const line of joined(text.split('\n'))) {
    const isComment = inComment || line.startsWith('/**');
    if (!isComment) close(groups, /^[\])}]+/u.exec(line)?.[0].length ?? 0);
    const space = `${spaceFor(groups, line)}${inComment ? ' ' : ''}`;
    const whole = line === '' ? '' : `${space}${line}`;
    if (whole.length <= PRINT_WIDTH || isComment) lines.push(whole);
    else {
      const broken = brokenSignature(space, line) ?? brokenCall(space, line);
      if (broken === undefined) return undefined;
      lines.push(...broken);
    }
    if (isComment) inComment = !line.includes('*/');
    if (!isComment || !line.startsWith('*')) follow(line, groups);
  }
  return groups.length === 0 ? `${lines.join('\n')}\n` : undefined;
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/gu, '');
}

/** How far a line is indented: what stands below a case is so once more. */
function spaceFor(groups: readonly Group[], line: string): string {
  const cases = groups.filter((group) => group.isSwitch).length;
  const isCase = groups.at(-1)?.isSwitch === true && /^(?:case\b|default:)/u.test(line);
  return '  '.repeat(groups.length + cases - (isCase ? 1 : 0));
}

/** Leaves so many brackets. */
function close(groups: Group[], count: number): void {
  for (let left = count; left > 0 && groups.length > 0;) {
    const group = groups.at(-1)!;
    const taken = Math.min(left, group.count);
    group.count -= taken;
    left -= taken;
    if (group.count === 0) groups.pop();
  }
}

/** Enters what a line opens and does not close itself, outside of strings and comments. */
function follow(line: string, groups: Group[]): void {
  const code = line.replace(/^[\])}]+/u, '').replace(/'(?:\\.|[^'\\])*'|`[^`]*`|\/\*.*?\*\/|\/\/.*$/gu, '');
  let opened = 0;
  for (const [sign] of code.matchAll(/[{}()[\]]/gu)) {
    if ('{(['.includes(sign)) opened++;
    else if (opened > 0) opened--;
    else close(groups, 1);
  }
  if (opened > 0) groups.push({ count: opened, isSwitch: code.startsWith('switch ') });
}

/** Calls whose arguments stand on lines of their own are one line where they fit on one. */
function joined(lines: readonly string[]): string[] {
  const result: string[] = [];
  for (let i = 0; i < lines.length; i++) {
    const end = lines[i]!.endsWith('(') ? lines.indexOf(');', i) : -1;
    const call =
      end < 0
        ? ''
        : `${lines[i]!}${lines
            .slice(i + 1, end)
            .join(' ')
            .replace(/,$/u, '')});`;
    // Such calls stand in functions, two columns in.
    if (call === '' || call.length + 2 > PRINT_WIDTH) result.push(lines[i]!);
    else {
      result.push(call);
      i = end;
    }
  }
  return result;
}

/** The value of a constant, a call with an argument on each line, where each then fits on its own. */
function brokenCall(space: string, line: string): string[] | undefined {
  const match = /^(const \w+ = \w+)\((.*)\);$/u.exec(line);
  const list = match === null ? [] : argumentsOf(match[2]!).map((argument) => `${space}  ${argument},`);
  if (list.length < 2 || list.some((each) => each.length > PRINT_WIDTH)) return undefined;
  return [`${space}${match![1]!}(`, ...list, `${space});`];
}

/** What commas outside of brackets and quotes part. None where a bracket is closed that was not opened. */
function argumentsOf(code: string): string[] {
  const list: string[] = [];
  let [from, depth] = [0, 0];
  for (const { 0: sign, index } of code.matchAll(/'(?:\\.|[^'\\])*'|[(),[\]{}]/gu)) {
    if ('([{'.includes(sign)) depth++;
    else if (')]}'.includes(sign)) depth--;
    else if (sign === ',' && depth === 0) {
      list.push(code.slice(from, index).trim());
      from = index + 1;
    }
    if (depth < 0) return [];
  }
  return [...list, code.slice(from).trim()];
}

/** A declaration with a parameter on each line, as Prettier breaks what is too long. */
function brokenSignature(space: string, line: string): string[] | undefined {
  const match = /^((?:export |abstract )*(?:function )?\w+(?:<[\w, ]+>)?)\(([^()]*)\)(: [^()]+[{;])$/u.exec(line);
  if (match === null) return undefined;
  const [, name, parameters, rest] = match as unknown as [string, string, string, string];
  const list = parameters.split(/, (?![^<]*>)/u).map((parameter) => `${space}  ${parameter},`);
  return [`${space}${name}(`, ...list, `${space})${rest}`];
}
