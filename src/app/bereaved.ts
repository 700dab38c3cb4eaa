import { type AppRequest, isIdempotent } from "./app-request.ts";
import { noteOf, type Outcome, type RequestNote } from "./request-note.ts";
import { readStartedPage } from "./started-page.ts";
import type { WorkerLink } from "./worker-link.ts";

/** What becomes of a request whose worker ended, and what is told of it. */
export interface Bereaved {
  readonly request: AppRequest;
  readonly outcome: Outcome;
  readonly note: RequestNote;
}

/** Sorts the requests that were with a worker which has ended. Reads its page: call it before that goes. */
export function bereavedOf(link: WorkerLink): readonly Bereaved[] {
  const page = link.page === null ? null : readStartedPage(link.page);
  return Array.from(link.inFlight.values(), (request) => {
    const untaken = page !== null && link.untaken(request, page);
    // A lane that had taken it may have gone on to the next: then it ran for no longer than since it was sent.
    const began = untaken ? null : (page?.running.get(request.stream) ?? request.sentAt);
    const outcome = outcomeOf(request, untaken);
    return { request, outcome, note: noteOf(request, began, outcome) };
  });
}

/** Idempotent requests run again once, what no lane had begun with goes to another worker whatever its method (RFC 9110 §9.2.2). */
function outcomeOf(request: AppRequest, untaken: boolean): Outcome {
  if (request.gone) return "over";
  if (request.answer !== null) return "cut";
  if (untaken) return "moved";
  if (!isIdempotent(request) || request.retried) return "failed";
  // A body that was passed on while it came can't be had again.
  return request.body === null || request.body.rewind() !== false ? "retried" : "failed";
}
