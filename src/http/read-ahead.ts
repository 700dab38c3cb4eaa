const MOST_REQUESTS = 512;
const MOST_BYTES = 32 * 1024 * 1024;

/**
 * What all connections of the process have read ahead. Where it is this much, each has one request at a time: browsers ask no other
 * way, and who pipelines must not fill memory with answers, nor the queue of an app with questions, while others wait.
 */
export const readAhead = {
  /** Requests that are begun behind others of their connection. */
  requests: 0,
  /** Bytes of answers that wait for those before them. */
  bytes: 0,

  get isMuch(): boolean {
    return this.requests >= MOST_REQUESTS || this.bytes >= MOST_BYTES;
  },
};
