/** What HTTP/1.1 keeps in a ResponseHead: all that does not change from one use to the next. */
export class SerialisedHead {
  /** Status line and fields, each with its CRLF; without Date, framing and connection fields. */
  readonly text: string;
  readonly hasDate: boolean;
  readonly hasServer: boolean;
  /** Content-Length as the handler gave it, or -1; used where no body says better (HEAD, 304). */
  readonly declared: number;
  /** The last complete head made from this one, and what it was made with. */
  made = "";
  madeDate = "";
  madeServer = "";
  madeLength = 0;
  madeConnection = "";

  constructor(text: string, hasDate: boolean, hasServer: boolean, declared: number) {
    this.text = text;
    this.hasDate = hasDate;
    this.hasServer = hasServer;
    this.declared = declared;
  }
}
