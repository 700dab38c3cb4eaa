const FEWEST = 2;
const MOST = 32;
const MEMORY_EACH = 128 * 1024 ** 2;

/**
 * How many workers `auto` is: one for each CPU, at least 2 so that one slow import or crash does not stop the app, at most
 * 32; fewer (but one) where the container's memory limit leaves less than 128 MB for each.
 *
 * @param cpus what this process may use, quotas of the container counted (`os.availableParallelism()` does)
 * @param memory bytes that the container may use, or 0 for no limit (`process.constrainedMemory()`)
 */
export function autoWorkers(cpus: number, memory: number): number {
  const byCpu = Math.min(MOST, Math.max(FEWEST, cpus));
  return memory > 0 ? Math.max(1, Math.min(byCpu, Math.floor(memory / MEMORY_EACH))) : byCpu;
}
