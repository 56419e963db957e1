// A module that takes too much memory while it is loaded.
const kept: unknown[] = [];
for (;;) kept.push(new Array(1_000_000).fill(1.5));
