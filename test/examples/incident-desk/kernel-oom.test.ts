import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isOomLine, type OomKill, OomReader } from "../../../examples/incident-desk/logs/kernel-oom.ts";

function killsOf(lines: readonly string[]): Omit<OomKill, "line">[] {
  const kills: OomKill[] = [];
  const reader = new OomReader((kill) => kills.push(kill));
  for (const line of lines) reader.take(line);
  reader.end();
  return kills.map(({ line: _, ...kill }) => kill);
}

const pod = "/kubepods/burstable/pod9e2/3f1a";
const announced = `oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=3f1a,mems_allowed=0,oom_memcg=${pod},task_memcg=${pod},task=stress, v2,pid=1811,uid=1000`;
const killed =
  "Memory cgroup out of memory: Killed process 1811 (stress, v2) total-vm:209488kB, anon-rss:101884kB, file-rss:4kB, shmem-rss:0kB, UID:1000 pgtables:244kB oom_score_adj:999";
const invoked = "stress, v2 invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=999";
const kill = {
  pid: 1811,
  process: "stress, v2",
  container: pod,
  victimContainer: pod,
  constraint: "CONSTRAINT_MEMCG",
  totalVmKb: 209488,
  anonRssKb: 101884,
};

describe("kernels since 5.0", () => {
  test("tell of one kill in two lines, which count as one", () => {
    expect(killsOf([invoked, announced, killed])).toEqual([kill]);
  });

  test("a kill whose second line was lost still counts", () => {
    const { totalVmKb: _, anonRssKb: __, ...first } = kill;
    expect(killsOf([announced, "something else"])).toEqual([first]);
    expect(killsOf([announced, announced])).toHaveLength(2);
  });

  test("out of memory as a whole, the limit is the machine's", () => {
    const line =
      "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/user.slice,task=java,pid=7,uid=0";
    expect(killsOf([line])).toEqual([
      {
        pid: 7,
        process: "java",
        container: "/user.slice",
        victimContainer: "/",
        constraint: "CONSTRAINT_NONE",
      },
    ]);
  });

  test("the processes of a group that is killed together all count", () => {
    const group = [
      invoked,
      announced,
      killed,
      `Tasks in ${pod} are going to be killed due to memory.oom.group set`,
      "Memory cgroup out of memory: Killed process 1811 (stress, v2) total-vm:1kB, anon-rss:1kB",
      "Memory cgroup out of memory: Killed process 1812 (helper) total-vm:1kB, anon-rss:1kB",
    ];
    expect(killsOf(group).map(({ pid }) => pid)).toEqual([1811, 1811, 1812]);
  });
});

describe("the line may have", () => {
  test.each([
    ["kmsg", "4,1234,98765,-;", "98765 µs after boot"],
    ["dmesg", "[12345.678901] ", "[12345.678901]"],
    ["dmesg with a caller", "[12345.678901][ T1811] ", "[12345.678901][ T1811]"],
    ["dmesg -T", "[Mon Mar  4 10:00:00 2024] ", "Mon Mar  4 10:00:00 2024"],
    ["syslog", "Mar  4 10:00:00 node-1 kernel: [12345.678901] ", "Mar  4 10:00:00"],
    ["RFC 3339 syslog", "2024-03-04T10:00:00.5+01:00 node-1 kernel: ", "2024-03-04T10:00:00.5+01:00"],
  ])("the prefix of %s", (_, prefix, at) => {
    const found = killsOf([invoked, announced, killed].map((line) => prefix + line));
    expect(found).toMatchObject([{ ...kill, at }]);
  });

  test("a date, which is then known", () => {
    const [dated] = killsOf([`2024-03-04T10:00:00.5+01:00 node-1 kernel: ${announced}`]);
    expect(dated?.atMs).toBe(Date.UTC(2024, 2, 4, 9, 0, 0, 500));
  });
});

test.each([
  ["Killed process 1234 (my app)", 1234, "my app"],
  ["Out of memory: Killed process 1 (a (b) c) total-vm:1kB, anon-rss:2kB", 1, "a (b) c"],
  ["Killed process 19, UID 48, (httpd) total-vm:1kB, anon-rss:2kB", 19, "httpd"],
])("the kill is read from %j alone", (line, pid, process) => {
  expect(killsOf([line])).toMatchObject([{ pid, process }]);
});

test("the groups of one kill are not taken for those of a later one", () => {
  const task = "Task in /a killed as a result of limit of /a";
  const first = "Memory cgroup out of memory: Killed process 1 (x)";
  expect(killsOf([invoked, task, first, "Killed process 2 (y)"])).toEqual([
    { pid: 1, process: "x", container: "/a", victimContainer: "/a" },
    { pid: 2, process: "y" },
  ]);
});

describe("no kill is", () => {
  test.each([
    "not enough headroom: allocation failed in the zoom room",
    "Memory cgroup out of memory: Kill process 1532 (badsysprogram) score 919 or sacrifice child",
    "oom_reaper: reaped process 1381 (gunpowder-memho), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB",
    "supervisor: Killed process 12 (worker) after timeout",
    "2024-03-04 10:00:00 INFO app Killed process 12 (worker)",
    "the oom-killer was invoked on purpose by the test",
    "oom-kill is disabled",
    "skill: Out of memory errors are explained here",
  ])("%j", (line) => {
    expect(killsOf([line])).toEqual([]);
    expect(isOomLine(line)).toBe(false);
  });

  test("any text without the kernel's words", () => {
    const words = fc.constantFrom(
      "oom",
      "kill",
      "Killed",
      "process",
      "(x)",
      "12",
      "memory",
      "headroom",
      "kernel:",
      "out of",
    );
    fc.assert(
      fc.property(
        fc.array(words).map((list) => `app: ${list.join(" ")}`),
        (line) => {
          expect(killsOf([line])).toEqual([]);
        },
      ),
    );
  });
});
