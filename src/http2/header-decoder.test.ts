import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../../test/support/property.ts";
import { HeaderDecoder } from "./header-decoder.ts";
import { encodeField } from "./header-encoder.ts";
import { decodeHuffman, encodeHuffman } from "./huffman.ts";

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ""), "hex");

function fieldsOf(decoder: HeaderDecoder, block: Buffer, limit = 100_000): string[] | null {
  const list = decoder.decode(block, limit);
  return list === null ? null : list.names.map((name, i) => `${name}: ${list.values[i]}`);
}

test("RFC 7541 C.3 and C.4: three requests on one connection, plain and with Huffman coding", () => {
  const plain = [
    "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
    "8286 84be 5808 6e6f 2d63 6163 6865",
    "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
  ];
  const coded = [
    "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
    "8286 84be 5886 a8eb 1064 9cbf",
    "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
  ];
  for (const blocks of [plain, coded]) {
    const decoder = new HeaderDecoder(4096);
    assert.deepEqual(
      blocks.map((block) => fieldsOf(decoder, hex(block))),
      [
        [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"],
        [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com", "cache-control: no-cache"],
        [
          ":method: GET",
          ":scheme: https",
          ":path: /index.html",
          ":authority: www.example.com",
          "custom-key: custom-value",
        ],
      ],
    );
  }
});

test("RFC 7541 C.5: entries are evicted from a table of 256 bytes", () => {
  const decoder = new HeaderDecoder(256);
  const blocks = [
    "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
    "4803 3330 37c1 c0bf",
    "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31",
  ];
  const [, second, third] = blocks.map((block) => fieldsOf(decoder, hex(block)));
  assert.deepEqual(second, [
    ":status: 307",
    "cache-control: private",
    "date: Mon, 21 Oct 2013 20:13:21 GMT",
    "location: https://www.example.com",
  ]);
  assert.equal(third![0], ":status: 200");
  assert.equal(third![4], "content-encoding: gzip");
  // The first two entries have gone: index 65 is beyond the table.
  assert.equal(fieldsOf(decoder, hex("c1")), null);
});

test("what the encoder writes, the decoder reads, whatever it is", () => {
  const text = fc.string({
    unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
    maxLength: 300,
  });
  fc.assert(
    fc.property(fc.array(fc.tuple(text, text), { maxLength: 10 }), (fields) => {
      const block = fields.map(([name, value]) => encodeField(name, value)).join("");
      const list = new HeaderDecoder(4096).decode(Buffer.from(block, "latin1"), 1e6)!;
      assert.deepEqual(
        list.names.map((name, i) => [name, list.values[i]]),
        fields,
      );
    }),
  );
});

test("Huffman coding gives back every text, and refuses padding that is not EOS", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const text = Buffer.from(bytes).latin1Slice();
      const coded = Buffer.from(encodeHuffman(text), "latin1");
      assert.equal(decodeHuffman(coded, 0, coded.length), text);
    }),
  );
  for (const wrong of ["00", "fffffffc", "ff", "1fff", "7f00"])
    assert.equal(decodeHuffman(hex(wrong), 0, wrong.length / 2), null, wrong);
  assert.equal(decodeHuffman(hex("1f"), 0, 1), "a");
});

test("no bytes make the decoder throw, and a list is never larger than its limit", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 5 }), fc.nat(300), (blocks, limit) => {
      const decoder = new HeaderDecoder(200);
      for (const block of blocks) {
        const list = decoder.decode(Buffer.from(block), limit);
        if (list === null) return;
        const kept = list.names.reduce((sum, name, i) => sum + name.length + list.values[i]!.length + 32, 0);
        assert.ok(kept <= limit);
        assert.equal(list.tooLarge, list.size > limit);
      }
    }),
    { numRuns: 2000 },
  );
});

test("the version changes with the table and with nothing else", () => {
  const decoder = new HeaderDecoder(4096);
  fieldsOf(decoder, hex("8286 84"));
  assert.equal(decoder.version, 0);
  fieldsOf(decoder, hex("0001 6101 62"));
  assert.equal(decoder.version, 0);
  fieldsOf(decoder, hex("4001 6101 62"));
  assert.equal(decoder.version, 1);
  fieldsOf(decoder, hex("20"));
  assert.equal(decoder.version, 2);
  assert.equal(fieldsOf(decoder, hex("be")), null);
});

test("refused: a size above ours, a size within a block, endless integers, texts that are cut off", () => {
  for (const wrong of ["3fe2 1f", "8220", "3fff ffff ffff 01", "7fff ffff ffff ff", "4005 61", "4001", "80", "c0"])
    assert.equal(fieldsOf(new HeaderDecoder(4096), hex(wrong)), null, wrong);
});
