/** What the engine does where a corpus expects otherwise. */
export interface Exception {
  /** Statuses of the answers, in order; empty: closed without an answer. */
  readonly statuses: readonly number[];
  /** Why, with the section of the RFC. */
  readonly why: string;
}

const upgrade = {
  statuses: [200],
  why: "the source's parser stops for its caller at an Upgrade; the request is valid, and Upgrade may be ignored (RFC 9110 §7.8)",
};
const incomplete = {
  statuses: [],
  why: "not complete: it never becomes a request, and the connection is closed (RFC 9112 §8)",
};
const method = {
  statuses: [200],
  why: "a method is any token (RFC 9110 §9.1); the handler answers for those it does not know",
};
const protocol = { statuses: [400], why: "HTTP-version begins with HTTP/ (RFC 9112 §2.3)" };
const fragment = {
  statuses: [400],
  why: "origin-form has no fragment, and # is allowed nowhere in it (RFC 9112 §3.2.1)",
};
const fold = { statuses: [400], why: "a server must refuse or replace obs-fold; we refuse (RFC 9112 §5.2)" };
const notRequest = {
  statuses: [400],
  why: "a fragment that the source's parser accepts for a start; as a message it breaks RFC 9112 §3",
};

export const EXCEPTIONS: Readonly<Record<string, Exception>> = {
  "llhttp/request/connection#3": {
    statuses: [200],
    why: "what follows a request after which the connection closes is not read, rather than refused (RFC 9112 §9.6)",
  },
  "llhttp/request/connection#10": upgrade,
  "llhttp/request/connection#14": upgrade,
  "llhttp/request/connection#15": upgrade,
  "llhttp/request/connection#16": upgrade,
  "llhttp/request/connection#17": upgrade,
  "llhttp/request/content-length#16": incomplete,
  "llhttp/request/invalid#4": method,
  "llhttp/request/invalid#14": method,
  "llhttp/request/method#5": { statuses: [400], why: "asterisk-form is for OPTIONS alone (RFC 9112 §3.2.4)" },
  "llhttp/request/method#12": protocol,
  "llhttp/request/method#13": protocol,
  "llhttp/request/method#14": protocol,
  "llhttp/request/sample#10": { statuses: [400], why: "HTTP/0.9: a request line has a version (RFC 9112 §3)" },
  "llhttp/request/transfer-encoding#6": {
    statuses: [400],
    why: "Content-Type is not allowed as a trailer field (RFC 9110 §6.5.1)",
  },
  "llhttp/request/transfer-encoding#20": fragment,
  "llhttp/request/transfer-encoding#21": fragment,
  "llhttp/request/uri#8": fragment,
  "llhttp/request/uri#10": {
    statuses: [400],
    why: "userinfo in an http URI is to be treated as an error (RFC 9110 §4.2.4)",
  },
  "h11/test_readers_unusual#11": fold,
  "h11/test_ChunkedReader#25": { statuses: [400], why: "the chunk-size line has no trailing space (RFC 9112 §7.1)" },
  "h11/test_allow_some_garbage_in_cookies#32": {
    statuses: [400],
    why: "a field value with a control character is invalid (RFC 9110 §5.5)",
  },
  "waitress/test_parser/TestHTTPRequestParser/test_received_get_no_headers": notRequest,
  "waitress/test_parser/TestHTTPRequestParser/test_received_nonsense_nothing": notRequest,
  "waitress/test_parser/TestHTTPRequestParser/test_received_already_completed": notRequest,
  "waitress/test_parser/TestHTTPRequestParser/test_received_duplicate_content_type_header": {
    statuses: [200],
    why: "a repeated Content-Type frames nothing; what it means is the application's to say (RFC 9110 §8.3)",
  },
  "waitress/test_parser/TestHTTPRequestParser/test_received_cl_too_large": {
    statuses: [],
    why: "refused there by a limit of 2 bytes; here it is within limits and not complete (RFC 9112 §8)",
  },
  "waitress/test_parser/TestHTTPRequestParser/test_received_headers_too_large": {
    statuses: [200],
    why: "refused there by a limit of 2 bytes; here it is within limits (RFC 9110 §5.4 leaves them to the server)",
  },
  "waitress/test_parser/TestHTTPRequestParser/test_parse_header_no_cr_in_headerplus": {
    statuses: [200],
    why: "the line end that the README says to add makes it complete (RFC 9112 §2.1)",
  },
  "waitress/test_parser/TestHTTPRequestParser/test_parse_header_11_te_chunked_with_cl_close_connection": {
    statuses: [400],
    why: "a server may refuse Transfer-Encoding with Content-Length; we do (RFC 9112 §6.1)",
  },
  "waitress/test_parser/TestHTTPRequestParser/test_parse_header_multiple_values_header_folded": fold,
  "waitress/test_parser/TestHTTPRequestParser/test_parse_header_multiple_values_header_folded_multiple": fold,
  "plain-h1spec/request_line/connect_authority_form": {
    statuses: [501],
    why: "CONNECT is not implemented (RFC 9110 §9.3.6 is for proxies, §15.6.2)",
  },
};
