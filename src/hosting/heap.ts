import { getHeapStatistics, type HeapInfo } from "node:v8";

/** What one isolate holds: its heap, garbage included, and the buffers outside of it. */
export function usedBytesOf(heap: HeapInfo = getHeapStatistics()): number {
  return heap.used_heap_size + heap.external_memory;
}
