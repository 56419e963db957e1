import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CsvSplitter } from "../../../examples/incident-desk/logs/split-csv.ts";
import { JsonObjectSplitter } from "../../../examples/incident-desk/logs/split-json.ts";
import { LineSplitter } from "../../../examples/incident-desk/logs/split-lines.ts";

/** Cuts bytes into chunks at arbitrary places, also within a character. */
function chunksOf(text: string, sizes: readonly number[]): Buffer[] {
  const bytes = Buffer.from(text);
  const chunks: Buffer[] = [];
  let at = 0;
  for (let i = 0; at < bytes.length; i += 1) {
    const size = sizes.length === 0 ? bytes.length : Math.max(1, sizes[i % sizes.length] as number);
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });
const wellFormed = fc.string({ unit: "grapheme" });

describe("lines", () => {
  test("are the same wherever the chunks end", () => {
    const line = wellFormed.map((text) => text.replace(/[\r\n]/g, ""));
    fc.assert(
      fc.property(fc.array(line), sizes, fc.constantFrom("\n", "\r\n"), (lines, cuts, newline) => {
        const splitter = new LineSplitter();
        const found = chunksOf(lines.map((text) => text + newline).join(""), cuts).flatMap((c) =>
          splitter.push(c),
        );
        expect([...found, ...splitter.end()]).toEqual(lines);
      }),
    );
  });

  test("a last line without a newline counts, an empty one does not", () => {
    const splitter = new LineSplitter();
    expect(splitter.push(Buffer.from("one\n\ntwo"))).toEqual(["one", ""]);
    expect(splitter.end()).toEqual(["two"]);
    expect(splitter.end()).toEqual([]);
  });

  test("longer than the limit are cut there, wherever the chunks end, and counted", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 30 })), sizes, (lengths, cuts) => {
        const splitter = new LineSplitter(10);
        const text = lengths.map((length) => `${"x".repeat(length)}\n`).join("");
        const found = chunksOf(text, cuts).flatMap((chunk) => splitter.push(chunk));
        expect(found).toEqual(lengths.map((length) => "x".repeat(Math.min(10, length))));
        expect(splitter.cutLines).toBe(lengths.filter((length) => length > 10).length);
      }),
    );
  });
});

describe("JSON objects", () => {
  const objects = fc.array(fc.dictionary(fc.string(), fc.jsonValue()).map((value) => ({ ...value, "": 1 })));
  const forms: Record<string, (values: unknown[]) => string> = {
    "of an entries array": (values) =>
      JSON.stringify({ next: "x", entries: values, more: { a: [{}] } }, null, 2),
    "of an array": (values) => JSON.stringify(values, null, 1),
    "a line each": (values) => values.map((value) => `${JSON.stringify(value)}\n`).join(""),
    "over many lines each": (values) => values.map((value) => JSON.stringify(value, null, 3)).join("\n"),
  };

  test.each(Object.keys(forms))("%s are found, wherever the chunks end", (form) => {
    fc.assert(
      fc.property(objects, sizes, (values, cuts) => {
        const splitter = new JsonObjectSplitter();
        const found = chunksOf(forms[form]?.(values) ?? "", cuts).flatMap((chunk) => splitter.push(chunk));
        splitter.end();
        expect(found.map((text) => JSON.parse(text))).toEqual(JSON.parse(JSON.stringify(values)));
        expect(splitter.malformed).toBe(0);
      }),
    );
  });

  test("one that was cut off does not spoil the next", () => {
    const splitter = new JsonObjectSplitter();
    const lines = [
      '{"a":1}',
      '{"a":"cut of',
      '{"a":2}',
      '{"a":{"b":[1,2',
      '{"a":3}',
      "no json at all",
      '{"a":4}',
    ];
    const found = splitter.push(Buffer.from(lines.map((line) => `${line}\n`).join("")));
    expect(found).toEqual(['{"a":1}', '{"a":2}', '{"a":3}', '{"a":4}']);
    expect(splitter.malformed).toBe(3);
  });

  test("one that is too large is skipped and counted, and memory is not spent on it", () => {
    const splitter = new JsonObjectSplitter(100);
    const found = ['{"a":"', ..."x".repeat(500), '"}\n{"b":1}'].flatMap((part) =>
      splitter.push(Buffer.from(part)),
    );
    expect(found).toEqual(['{"b":1}']);
    expect(splitter.malformed).toBe(1);
  });

  test("one the stream ends in is counted", () => {
    const splitter = new JsonObjectSplitter();
    expect(splitter.push(Buffer.from('[{"a":1},{"b"'))).toEqual(['{"a":1}']);
    splitter.end();
    expect(splitter.malformed).toBe(1);
  });

  test("no bytes make it throw", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc
        .array(fc.constantFrom(...'{}[]",:\\ \nx1'.split("")), { maxLength: 60 })
        .map((parts) => Buffer.from(parts.join(""))),
    );
    fc.assert(
      fc.property(fc.array(bytes), (chunks) => {
        const splitter = new JsonObjectSplitter();
        for (const chunk of chunks) splitter.push(Buffer.from(chunk));
        splitter.end();
      }),
    );
  });
});

describe("CSV records", () => {
  const field = fc.oneof(fc.string(), fc.constantFrom('say "hi"', "a,b", "two\nlines", "", '"', "\n\n"));
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;

  test("come out as they were written, with quotes, commas and newlines in fields", () => {
    const record = fc.array(
      field.map((text) => text.replaceAll("\r", "")),
      { minLength: 1 },
    );
    fc.assert(
      fc.property(fc.array(record), (records) => {
        const csv = new CsvSplitter();
        const lines = records
          .map((fields) => fields.map(quoted).join(","))
          .join("\n")
          .split("\n");
        const found =
          records.length === 0
            ? []
            : lines.flatMap((line) => {
                const fields = csv.push(line);
                return fields === undefined ? [] : [fields];
              });
        expect(found).toEqual(records);
        expect(csv.malformed).toBe(0);
      }),
    );
  });

  test("plain and quoted fields mix", () => {
    const csv = new CsvSplitter();
    expect(csv.push('a,"b,""c""",,"d')).toBeUndefined();
    expect(csv.push('e",f')).toEqual(["a", 'b,"c"', "", "d\ne", "f"]);
  });

  test("a record that never ends is given up at its limit", () => {
    const csv = new CsvSplitter(50);
    expect(csv.push('"open')).toBeUndefined();
    for (let i = 0; i < 5; i += 1) csv.push("0123456789");
    expect(csv.malformed).toBe(1);
    expect(csv.push("a,b")).toEqual(["a", "b"]);
  });
});
