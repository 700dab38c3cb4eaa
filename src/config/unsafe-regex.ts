/**
 * Whether a pattern repeats something that itself repeats without bound (`(a+)+`, `(a|a*)*`), which a hostile path can make
 * take exponential time. A rule of thumb: it misses overlaps such as `(a|a)*`, and it never says so of a flat pattern.
 */
export function isUnsafeRegex(pattern: string): boolean {
  // For each open group: whether something in it repeats without bound.
  const groups: boolean[] = [false];
  for (let i = 0; i < pattern.length; i++) {
    const character = pattern[i]!;
    if (character === "\\") i++;
    else if (character === "[") i = endOfClass(pattern, i);
    else if (character === "(") groups.push(false);
    else if (character === ")") {
      const inner = groups.length > 1 && groups.pop()!;
      const repeated = isUnbounded(pattern, i + 1);
      if (inner && repeated) return true;
      groups[groups.length - 1] ||= inner || repeated;
    } else if (isUnbounded(pattern, i) && i > 0) groups[groups.length - 1] = true;
  }
  return false;
}

function isUnbounded(pattern: string, at: number): boolean {
  return pattern[at] === "*" || pattern[at] === "+" || /^\{\d+,\}/.test(pattern.slice(at, at + 12));
}

function endOfClass(pattern: string, start: number): number {
  for (let i = start + 1; i < pattern.length; i++) {
    if (pattern[i] === "\\") i++;
    else if (pattern[i] === "]") return i;
  }
  return pattern.length;
}
