/**
 * A streamed answer, folded from numbered parts.
 *
 * Above: conversation. Below: protocol. Parts may come twice, late, out of order, or not at all;
 * only the unbroken run from part 0 is shown. A higher attempt discards the text of the earlier
 * one. One answer is current at a time; one that was superseded never comes back.
 */
import type { Delta } from "../protocol";

export interface Stream {
  readonly id: string;
  readonly attempt: number;
  readonly parts: ReadonlyMap<number, string>;
}

export interface Streams {
  readonly current: Stream | null;
  readonly retired: readonly string[];
}

export const NO_STREAM: Streams = { current: null, retired: [] };

/** Ids of answers are never used again, so a few of the last are enough to recognise stragglers. */
const REMEMBERED = 20;

export function foldDelta(streams: Streams, delta: Delta): Streams {
  if (streams.retired.includes(delta.id)) return streams;
  const { current } = streams;
  if (!current) return { ...streams, current: begin(delta) };
  if (current.id !== delta.id) return { ...retire(streams), current: begin(delta) };
  if (delta.attempt < current.attempt) return streams;
  if (delta.attempt > current.attempt) return { ...streams, current: begin(delta) };
  if (current.parts.has(delta.part)) return streams;
  const parts = new Map(current.parts).set(delta.part, delta.text);
  return { ...streams, current: { ...current, parts } };
}

/** Ends the current stream and remembers it and `id` as over. */
export function retire(streams: Streams, id?: string): Streams {
  const over = [streams.current?.id, id].filter(
    (item): item is string => item !== undefined && !streams.retired.includes(item),
  );
  if (over.length === 0) return streams;
  return { current: null, retired: [...new Set([...streams.retired, ...over])].slice(-REMEMBERED) };
}

/** Puts the current stream away without a verdict: a new attempt may still come under its id. */
export function suspend(streams: Streams): Streams {
  return streams.current ? { ...streams, current: null } : streams;
}

export function streamText(stream: Stream): string {
  let text = "";
  for (let part = 0; stream.parts.has(part); part += 1) text += stream.parts.get(part);
  return text;
}

function begin(delta: Delta): Stream {
  return { id: delta.id, attempt: delta.attempt, parts: new Map([[delta.part, delta.text]]) };
}
