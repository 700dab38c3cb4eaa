import type { ProgramConfig } from "../config/program-model.ts";

type Ordered = Pick<ProgramConfig, "name" | "priority" | "after">;

/** Lower priorities first; as written where they are equal. */
export function startOrder<T extends Ordered>(programs: readonly T[]): readonly T[] {
  return programs.toSorted((a, b) => a.priority - b.priority);
}

/**
 * Names in the order in which they are stopped, those of a wave at the same time: nothing before what comes after it, then higher
 * priorities first.
 */
export function stopWaves(programs: readonly Ordered[]): readonly (readonly string[])[] {
  const waves: string[][] = [];
  let left = [...programs];
  while (left.length > 0) {
    const needed = new Set(left.flatMap(({ after }) => after.map(({ program }) => program)));
    const free = left.filter(({ name }) => !needed.has(name));
    const highest = Math.max(...free.map(({ priority }) => priority));
    const wave = free.filter(({ priority }) => priority === highest).map(({ name }) => name);
    waves.push(wave);
    left = left.filter(({ name }) => !wave.includes(name));
  }
  return waves;
}
