/** What HTTP/2 keeps in a ResponseHead: all that does not change from one use to the next. */
export class EncodedHead {
  /** Status and fields in HPACK, as latin-1 text; without Date and Content-Length. */
  readonly text: string;
  readonly hasDate: boolean;
  readonly hasServer: boolean;
  /** Content-Length as the handler gave it, or -1; used where no body says better (HEAD, 304). */
  readonly declared: number;
  /** The last complete block made from this one, and what it was made with. */
  made = "";
  madeDate = "";
  madeLength = 0;

  constructor(text: string, hasDate: boolean, hasServer: boolean, declared: number) {
    this.text = text;
    this.hasDate = hasDate;
    this.hasServer = hasServer;
    this.declared = declared;
  }
}
