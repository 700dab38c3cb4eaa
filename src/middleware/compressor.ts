import zlib from "node:zlib";
import type { Coding } from "../http/accept-encoding.ts";

/** A zlib stream of any of our codings. */
export type Compressor = zlib.Gzip | zlib.BrotliCompress | zlib.ZstdCompress;

/** `level` 1 to 9. `size`: bytes to come, or -1; small ones need no large window. */
export function createCompressor(coding: Coding, level: number, size: number): Compressor {
  switch (coding) {
    case "gzip":
      return zlib.createGzip({ level });
    case "br":
      return zlib.createBrotliCompress(brotliOptions(level, size));
    case "zstd":
      return zlib.createZstdCompress({ params: { [zlib.constants.ZSTD_c_compressionLevel]: level } });
  }
}

/** The whole in one go, on this thread: for bodies so small that handing them to another costs more. */
export function compressNow(coding: Coding, level: number, body: Buffer): Buffer {
  switch (coding) {
    case "gzip":
      return zlib.gzipSync(body, { level });
    case "br":
      return zlib.brotliCompressSync(body, brotliOptions(level, body.length));
    case "zstd":
      return zlib.zstdCompressSync(body, { params: { [zlib.constants.ZSTD_c_compressionLevel]: level } });
  }
}

/** What makes the decoder see everything that was written so far. */
export function flushOf(coding: Coding): number {
  const { BROTLI_OPERATION_FLUSH, ZSTD_e_flush, Z_SYNC_FLUSH } = zlib.constants;
  return coding === "br" ? BROTLI_OPERATION_FLUSH : coding === "zstd" ? ZSTD_e_flush : Z_SYNC_FLUSH;
}

function brotliOptions(level: number, size: number): zlib.BrotliOptions {
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_LGWIN, BROTLI_PARAM_SIZE_HINT } = zlib.constants;
  // Brotli's default window of 4 MB a stream is for archives; 256 KB loses next to nothing on pages.
  return {
    params: {
      [BROTLI_PARAM_QUALITY]: level,
      [BROTLI_PARAM_LGWIN]: 18,
      ...(size > 0 && { [BROTLI_PARAM_SIZE_HINT]: size }),
    },
  };
}
