import { describe, expect, test } from "vitest";
import { createActor } from "xstate";
import { outputsOf, readDot } from "../../../support/dot-mealy.ts";
import { InexpressibleError } from "../../../support/scxml-content.ts";
import { chartOf } from "../../../support/scxml-machine.ts";
import { readXml } from "../../../support/scxml-reader.ts";

const inChart = (inside: string): string => `<scxml version="1.0"><state id="a">${inside}</state></scxml>`;

describe("the dot reader", () => {
  test("takes outputs from edges, or from the states they lead to", () => {
    const start = '__start0 [label="", shape=none];\n__start0 -> s0 [label=""];\n';
    const mealy = readDot("m", `digraph g {\ns0 [label=s0];\n${start}s0 -> s0 [label="a/b/c & d"];\n}`);
    expect(outputsOf(mealy, ["a", "a"])).toEqual(["b/c & d", "b/c & d"]);
    const moore = readDot("m", `digraph g {\ns0 [label="N"];\n${start}s0 -> s0 [label="a"];\n}`);
    expect(outputsOf(moore, ["a"])).toEqual(["N"]);
  });

  test.each([
    ["a line it does not know", 's0 [label="N"]\nedge [color=red] more\n__start0 -> s0;'],
    ["an edge to nowhere", 's0 [label="N"]\n__start0 -> s0;\ns0 -> s1 [label="a/b"];'],
    [
      "two edges for one input",
      's0 [label="N"]\n__start0 -> s0;\ns0 -> s0 [label="a/b"];\ns0 -> s0 [label="a/c"];',
    ],
    ["no initial state", 's0 [label="N"]\ns0 -> s0 [label="a/b"];'],
  ])("refuses %s", (_, body) => {
    expect(() => readDot("m", `digraph g {\n${body}\n}`)).toThrow("m");
  });
});

describe("the XML reader", () => {
  test("reads elements, attributes in either quotes, comments and entities", () => {
    const text = `<?xml version="1.0"?>\n<!-- <no> --><a b="1 &amp;&lt; 2" c='"'><d/><!-- - --></a>`;
    const d = { name: "d", attributes: {}, children: [] };
    expect(readXml(text)).toEqual({ name: "a", attributes: { b: "1 &< 2", c: '"' }, children: [d] });
  });

  test.each([
    "<a>text</a>",
    "<a><![CDATA[x]]></a>",
    "<!DOCTYPE a><a/>",
    "<a><b></a></b>",
    "<a>",
    "<a b=1/>",
    '<a b="1" b="2"/>',
    '<a b="&other;"/>',
    "<a/><b/>",
  ])("refuses %s", (text) => {
    expect(() => readXml(text)).toThrow("Expected");
  });
});

describe("the converter of state charts", () => {
  test.each([
    "<invoke/>",
    "<onentry><script/></onentry>",
    '<onentry><cancel sendid="x"/></onentry>',
    '<onentry><send event="e" target="#_parent"/></onentry>',
    '<onentry><raise event="e" more=""/></onentry>',
    '<onentry><assign location="x"/></onentry>',
    '<transition target="nowhere" event="e"/>',
    '<transition event="done.state.a"/>',
    '<transition event="e" cond="1 +"/>',
    '<transition event="e" bind="x"/>',
    '<state id="a"/>',
    '<history id="h"/><state id="b"/>',
  ])("says that it cannot express %s", (inside) => {
    expect(() => chartOf(inChart(inside), ["e"])).toThrow(InexpressibleError);
  });

  test("puts the first transition of the document first, and not the closest name", () => {
    const text = `<scxml><state id="a"><transition event="*" target="b"/><transition event="e" target="c"/></state>
      <state id="b"/><state id="c"/></scxml>`;
    const { machine, configurationOf } = chartOf(text, ["e"]);
    const actor = createActor(machine).start();
    actor.send({ type: "e" } as never);
    expect(configurationOf(actor.getSnapshot())).toEqual(["b"]);
  });

  test("ends a block at the first error, and keeps what was done before", () => {
    const text = `<scxml><datamodel><data id="x" expr="1"/></datamodel><state id="a">
      <onentry><assign location="x" expr="2"/><assign location="y" expr="3"/><assign location="x" expr="4"/></onentry>
      <transition event="error" cond="x === 2" target="b"/></state><state id="b"/></scxml>`;
    const { machine, configurationOf } = chartOf(text, []);
    expect(configurationOf(createActor(machine).start().getSnapshot())).toEqual(["b"]);
  });
});
