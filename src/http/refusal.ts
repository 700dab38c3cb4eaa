/** Why a request is refused: the status it is answered with, and what is wrong with it, for the log and the page. */
export class Refusal {
  readonly status: number;
  readonly reason: string;

  constructor(status: number, reason: string) {
    this.status = status;
    this.reason = reason;
  }
}

/** A refusal with 400: the message breaks the grammar, or could be read in two ways. */
export function bad(reason: string): Refusal {
  return new Refusal(400, reason);
}
