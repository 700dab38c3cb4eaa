/** A frame of the thread machinery, and of how a worker calls the app: below it there is nothing of the app's. */
const CALLS_APP = /propylon_worker\/(exchange|asgi\w*)\.py", line \d+ in \w+$/;
const OURS = /\/propylon_worker\//;
const MACHINERY = /threading\.py", line \d+ in (_bootstrap|_bootstrap_inner|run|wait)$|<frozen (runpy|importlib)/;

/**
 * Stacks of a worker as people want them: of each thread what is the app's, our own threads that only wait as a count. What isn't the
 * stack of a thread stays as it is.
 */
export function condenseStacks(text: string): string {
  const kept: string[] = [];
  let idle = 0;
  for (const block of text.split(/^(?=(?:Current )?[Tt]hread 0x)/m)) {
    const [head = "", ...frames] = block.trimEnd().split("\n");
    if (!/^(Current )?[Tt]hread 0x/.test(head)) {
      if (block.trim() !== "") kept.push(block.trimEnd());
      continue;
    }
    const app = framesOfApp(frames);
    if (app.length === 0) idle++;
    else kept.push([head, ...app].join("\n"));
  }
  if (idle > 0) kept.push(`(${idle} more ${idle === 1 ? "thread" : "threads"} of the worker itself, waiting)`);
  return kept.join("\n");
}

// Innermost first, as faulthandler writes them.
function framesOfApp(frames: readonly string[]): readonly string[] {
  const call = frames.findIndex((frame) => CALLS_APP.test(frame));
  if (call >= 0) return frames.slice(0, call);
  const ours = frames.findIndex((frame) => OURS.test(frame));
  return frames.slice(0, ours < 0 ? frames.length : ours).filter((frame) => !MACHINERY.test(frame));
}
