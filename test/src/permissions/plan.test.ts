import { describe, expect, test } from "vitest";
import { isCoxswainError } from "../../../protocols/index.ts";
import {
  passwordVariable,
  permissionsConfig,
  type SystemPlan,
  subjectsOf,
  systemPermissions,
} from "../../../src/permissions/index.ts";
import { harbour } from "./harbour.ts";

const base: SystemPlan = { system: "shop", nodes: { a: { hosts: ["crew"] }, b: { sends: ["crew"] } } };
const faultOf = (plan: unknown): string => {
  try {
    systemPermissions(plan as SystemPlan);
    return "none";
  } catch (error) {
    return isCoxswainError(error, "OPTION_INVALID") ? error.message : `another error: ${error}`;
  }
};

describe("a plan", () => {
  test.each<[string, object, string]>([
    ["with an unknown key", { ...base, node: {} }, '"node"'],
    ["whose node has an unknown key", { ...base, nodes: { a: { send: [] } } }, '"send"'],
    ["that sends to nobody", { ...base, nodes: { a: { sends: ["crew"] } } }, '"crew"'],
    ["that sends to a wildcard", { ...base, nodes: { a: { sends: [">"] } } }, '">"'],
    ["that hosts a wildcard", { ...base, nodes: { a: { hosts: ["*"] } } }, '"*"'],
    ["that hosts two tokens", { ...base, nodes: { a: { hosts: ["crew.bow"] } } }, '"crew.bow"'],
    ["that hosts a node's own name", { ...base, nodes: { a: { hosts: ["node-b"] } } }, '"node-b"'],
    ["whose zone is a wildcard", { ...base, nodes: { a: { zone: "*" } } }, '"*"'],
    ["whose zone is the operator's", { ...base, nodes: { a: { zone: "operator" } } }, '"operator"'],
    ["whose node is named by two tokens", { ...base, nodes: { "a.b": {} } }, '"a.b"'],
    ["whose system is a wildcard", { ...base, system: ">" }, '">"'],
    ["whose client is named like a node", { ...base, clients: { a: {} } }, '"a"'],
    ["whose client controls", { ...base, clients: { c: { controls: [] } } }, '"controls"'],
    [
      "that controls whom it does not send to",
      { ...base, nodes: { a: { hosts: ["x"], controls: ["x"] } } },
      '"x"',
    ],
    ["that starts actors nowhere", { ...base, nodes: { a: { starts: ["b"] } } }, '"b"'],
    ["that listens to nobody", { ...base, nodes: { a: { listens: ["x"] } } }, '"x"'],
    ["of a host that is nothing", { ...base, nodes: { a: { hosts: { x: "for ever" } } } }, '"for ever"'],
    [
      "in which a name is durable here and volatile there",
      { ...base, nodes: { a: { hosts: { x: "durable" } }, b: { hosts: ["x"] } } },
      '"x"',
    ],
  ])("%s is refused, and quoted", (_, plan, quoted) => {
    expect(faultOf(plan)).toContain(quoted);
  });

  test("that holds is taken, with definitions or with words for them", () => {
    expect(faultOf(base)).toBe("none");
    const words = {
      ...harbour.nodes,
      yard: { ...harbour.nodes.yard, hosts: { crew: "volatile", book: "history" } },
    };
    expect(systemPermissions({ ...harbour, nodes: words } as SystemPlan)).toEqual(systemPermissions(harbour));
  });

  test("gives no user all of anything that is not its own", () => {
    for (const { name, kind, publish, subscribe } of systemPermissions(harbour)) {
      const subjects = [...subjectsOf(publish), ...subjectsOf(subscribe)];
      for (const subject of subjects) {
        expect(subject).not.toMatch(/^(>|\*|cx\.(>|\*)|\$[A-Z]+\.(>|\*)|\$JS\.API\.(>|\*)|_INBOX\.(>|\*))/);
        if (kind !== "operator") expect(subject, name).not.toMatch(/^cx\.harbour\.(>|[a-z]+\.>)/);
      }
    }
  });
});

describe("the configuration", () => {
  test("C1 of the harbour is the one that was reviewed", async () => {
    await expect(permissionsConfig(harbour)).toMatchFileSnapshot("harbour.conf");
  });

  test("names the variable of each password that is not given, and no user without one", () => {
    const credentials = { "shop.a": { password: "sesame" }, "shop.b": { nkey: `U${"A".repeat(55)}` } };
    const text = permissionsConfig(base, { credentials });
    expect(text).toContain('user: "shop.a", password: "sesame"');
    expect(text).toContain(`nkey: "U${"A".repeat(55)}"`);
    expect(text).not.toContain('"shop.b"');
    expect(text).toContain(`user: "shop.operator", password: $${passwordVariable("shop.operator")}`);
    expect(text).toContain('user: "sys", password: $COXSWAIN_PASSWORD_SYS');
    expect(text).not.toContain("no_auth_user");
  });

  test.each<[string, object]>([
    ["of a stranger", { "shop.c": { password: "x" } }],
    ["that is empty", { "shop.a": { password: "" } }],
    ["of two kinds", { "shop.a": { password: "sesame", nkey: `U${"A".repeat(55)}` } }],
    ["that is a seed", { "shop.a": { nkey: "SUAsesame" } }],
  ])("refuses a credential %s, and does not quote it", (_, credentials) => {
    const make = (): string => permissionsConfig(base, { credentials: credentials as never });
    expect(make).toThrow(expect.objectContaining({ code: "OPTION_INVALID" }));
    expect(make).not.toThrow(/sesame/);
  });

  test("refuses names that would share a password", () => {
    const nodes = { "a-b": {}, a_b: {} };
    expect(() => permissionsConfig({ system: "shop", nodes })).toThrow(/"shop.a-b" and "shop.a_b"/);
  });

  test("forbids everything to a client that has nothing", () => {
    const text = permissionsConfig({ ...base, clients: { quiet: {} } });
    expect(text.slice(text.indexOf("client quiet"))).toMatch(/publish: \{ deny: \[">"\] \}/);
  });
});

test("a node that may start actors on another one may send to that one's own address, and gets answers", () => {
  const nodes = { a: { hosts: ["boss"], starts: ["b"] }, b: { hosts: ["child"] } };
  const [a, b] = systemPermissions({ system: "shop", nodes });
  expect(subjectsOf(a?.publish ?? [])).toEqual(
    expect.arrayContaining(["cx.shop.in.a.node-b", "cx.shop.ctl.a.node-b"]),
  );
  expect(subjectsOf(b?.publish ?? [])).toContain("cx.shop.re.a.*.*");
  expect(subjectsOf(a?.publish ?? [])).not.toContain("cx.shop.re.b.*.*");
});

test("where grants are issued every node can check them, and the issuer's alone can sign", () => {
  const nodes = { vault: { hosts: { grants: "durable" } }, desk: { hosts: ["desk"] } } as const;
  const [vault, desk, operator] = systemPermissions({ system: "shop", nodes });
  const touching = (user: typeof vault, name: string): readonly string[] =>
    subjectsOf(user?.publish ?? []).filter((subject) => subject.includes(`cx_shop_${name}`));
  expect(touching(desk, "signing")).toEqual([]);
  expect(touching(vault, "signing")).toContain("$JS.API.STREAM.MSG.GET.KV_cx_shop_signing");
  expect(touching(operator, "signing")).not.toContain("$JS.API.STREAM.MSG.GET.KV_cx_shop_signing");
  expect(touching(desk, "keys")).toEqual([
    "$JS.API.STREAM.INFO.KV_cx_shop_keys",
    "$JS.API.CONSUMER.CREATE.KV_cx_shop_keys",
    "$JS.FC.KV_cx_shop_keys.>",
  ]);
});

test("what dead nodes have left may be swept by whoever is told to, and by nobody else", () => {
  const nodes = { a: { sweeps: true }, b: {}, c: {} };
  const [a, b] = systemPermissions({ system: "shop", nodes });
  expect(subjectsOf(a?.publish ?? [])).toEqual(
    expect.arrayContaining(["$KV.cx_shop.node.b", "$KV.cx_shop.role.c.>"]),
  );
  expect(subjectsOf(b?.publish ?? []).filter((subject) => /\.(node|role)\.(a|c)/.test(subject))).toEqual([]);
});
